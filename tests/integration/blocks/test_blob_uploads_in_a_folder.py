"""What only the multipart uploads of a folder have: files, and what a killed process leaves of them."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.blocks.blob.store import BlobStore, blob_store
from groundwork.blocks.errors import UploadLost

KILLED_IN_AN_UPLOAD = """
import os, signal
from groundwork.blocks.blob.store import blob_store
upload_id = blob_store().begin_upload("exports/1.csv")
etag = blob_store().upload_part("exports/1.csv", upload_id, 1, b"one,")
print(upload_id, etag, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""

DISK_FULL_IN_AN_UPLOAD = """
import resource, sys
from groundwork.blocks.blob.store import blob_store
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
blob_store().upload_part("key", sys.argv[1], 1, b"more than ten bytes")
"""


@pytest.fixture
def folder(own_home: Path) -> Path:
    return own_home / "blobs"


def uploads_of(folder: Path) -> list[Path]:
    return list((folder / ".uploads").iterdir())


def test_parts_that_come_in_order_are_written_once(folder):
    upload_id = blob_store().begin_upload("key")
    etags = [blob_store().upload_part("key", upload_id, number, b"part") for number in (1, 2, 3)]
    written = (folder / ".uploads" / upload_id / "content").stat().st_ino
    blob_store().complete_upload("key", upload_id, etags)
    assert (folder / "key").stat().st_ino == written
    assert (folder / "key").read_bytes() == b"part" * 3
    assert uploads_of(folder) == []


def test_an_upload_outlives_its_process(folder):
    killed = subprocess.run([sys.executable, "-c", KILLED_IN_AN_UPLOAD], env=os.environ, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    upload_id, etag = killed.stdout.split()
    assert list(blob_store().pending_uploads("exports/")) == [("exports/1.csv", upload_id)]
    assert list(blob_store().list()) == []

    etags = [etag, blob_store().upload_part("exports/1.csv", upload_id, 2, b"two")]
    blob_store().complete_upload("exports/1.csv", upload_id, etags)
    assert blob_store().read_path("exports/1.csv") == b"one,two"


def test_bytes_of_a_part_that_was_never_acknowledged_are_left_out(folder):
    upload_id = blob_store().begin_upload("key")
    etags = [blob_store().upload_part("key", upload_id, 1, b"one,")]
    content = folder / ".uploads" / upload_id / "content"
    for number in (2, 3):
        with content.open("ab") as killed_writer:
            killed_writer.write(b"torn")
        etags.append(blob_store().upload_part("key", upload_id, number, b"more,"))
    with content.open("ab") as killed_writer:
        killed_writer.write(b"torn")
    assert blob_store().complete_upload("key", upload_id, etags).size == 14
    assert blob_store().read_path("key") == b"one,more,more,"


def test_a_part_that_does_not_fit_on_the_disk_is_an_error_that_a_step_may_retry(folder):
    upload_id = blob_store().begin_upload("key")
    command = [sys.executable, "-c", DISK_FULL_IN_AN_UPLOAD, upload_id]
    failed = subprocess.run(command, env=os.environ, capture_output=True, text=True)
    assert "OSError" in failed.stderr
    assert "not all of 19 bytes could be written; is the disk full?" in failed.stderr
    blob_store().complete_upload("key", upload_id, [blob_store().upload_part("key", upload_id, 1, b"it fits")])
    assert blob_store().read_path("key") == b"it fits"


def test_a_process_killed_between_the_rename_and_the_end_leaves_an_upload_that_can_be_completed_again(folder):
    upload_id = blob_store().begin_upload("key")
    upload = folder / ".uploads" / upload_id
    etags = [blob_store().upload_part("key", upload_id, 1, b"content")]
    remains = {name: (upload / name).read_bytes() for name in ("key", "parts")}
    stat = blob_store().complete_upload("key", upload_id, etags)
    upload.mkdir()
    for name, content in remains.items():
        (upload / name).write_bytes(content)

    assert blob_store().complete_upload("key", upload_id, etags) == stat
    assert uploads_of(folder) == []


def test_a_blob_that_was_written_otherwise_is_not_taken_for_the_work_of_a_lost_upload(folder):
    upload_id = blob_store().begin_upload("key")
    etag = blob_store().upload_part("key", upload_id, 1, b"content")
    blob_store().abort_upload("key", upload_id)
    blob_store().write_path("key", b"another")
    with pytest.raises(
        UploadLost, match=rf"the upload {upload_id} of the blob 'key' in .*: it is not there; begin a new"
    ):
        blob_store().complete_upload("key", upload_id, [etag])
    assert blob_store().read_path("key") == b"another"


def test_unfinished_uploads_are_neither_listed_nor_reachable_as_blobs(folder):
    upload_id = blob_store().begin_upload("key")
    blob_store().upload_part("key", upload_id, 1, b"content")
    assert list(blob_store().list()) == []
    for call in (blob_store().open, blob_store().begin_upload):
        with pytest.raises(ValueError, match="holds unfinished files"):
            call(f".uploads/{upload_id}/content")


def test_the_examples_of_the_documentation_run(folder):
    document = Path(__file__).parents[3].joinpath("docs", "blocks.md").read_text()
    section = document.split("## Blob store")[1].split("## Mailer")[0]
    examples = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len(examples) == 3
    for example in examples:
        exec(example, {})
    assert list(blob_store().list()) == ["exports/7.csv", "exports/8.csv"]
    assert blob_store().read_path("exports/8.csv") == b"email\nann@example.com\n"


@pytest.mark.parametrize("upload_id", ["", "..", "../..", "nonsense", "0" * 32, "/etc"])
def test_an_id_that_is_no_upload_of_this_blob_is_refused(folder, upload_id):
    store: BlobStore = blob_store()
    other = store.begin_upload("other")
    for wrong in (upload_id, other):
        with pytest.raises(UploadLost, match="'key' in"):
            store.upload_part("key", wrong, 1, b"x")
        with pytest.raises(UploadLost, match="'key' in"):
            store.complete_upload("key", wrong, ["1-1"])
        store.abort_upload("key", wrong)
    assert list(store.pending_uploads()) == [("other", other)]
