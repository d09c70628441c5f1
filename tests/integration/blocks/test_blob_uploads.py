"""Multipart uploads as every blob store does them, shown on a folder and on S3 over HTTP."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import BlobMissing, NonRetriable, UploadLost

MB = 1024 * 1024
PART = 5 * MB
"""The smallest part that S3 takes, except for the last."""


def part(number: int, size: int = PART) -> bytes:
    return bytes([number]) * size


def upload(store: BlobStore, key: str, *parts: bytes) -> None:
    upload_id = store.begin_upload(key)
    etags = [store.upload_part(key, upload_id, number, data) for number, data in enumerate(parts, 1)]
    store.complete_upload(key, upload_id, etags)


def test_the_parts_become_one_blob_in_the_order_of_their_numbers(store):
    upload_id = store.begin_upload("exports/1.csv", "text/csv")
    last, first, second = (store.upload_part("exports/1.csv", upload_id, n, part(n, PART + n)) for n in (3, 1, 2))
    stat = store.complete_upload("exports/1.csv", upload_id, [first, second, last])
    assert stat == store.stat("exports/1.csv")
    assert stat.size == 3 * PART + 6
    assert store.read_path("exports/1.csv") == part(1, PART + 1) + part(2, PART + 2) + part(3, PART + 3)
    assert list(store.pending_uploads()) == []


def test_a_part_may_be_a_memoryview_and_the_only_one_may_be_small_or_empty(store):
    upload(store, "view", memoryview(b"a longer text")[2:8])
    upload(store, "empty", b"")
    assert store.read_path("view") == b"longer"
    assert store.stat("empty").size == 0


def test_nothing_appears_before_completion_and_the_old_blob_stays(store):
    store.write_path("key", b"old")
    upload_id = store.begin_upload("key")
    etag = store.upload_part("key", upload_id, 1, b"new")
    store.upload_part("other", store.begin_upload("other"), 1, b"new")
    assert list(store.list()) == ["key"]
    assert store.read_path("key") == b"old"
    store.complete_upload("key", upload_id, [etag])
    assert store.read_path("key") == b"new"


def test_the_same_number_again_replaces_the_part(store):
    upload_id = store.begin_upload("key")
    store.upload_part("key", upload_id, 1, part(1, PART + 1000))
    second = store.upload_part("key", upload_id, 2, b"end")
    first = store.upload_part("key", upload_id, 1, part(3))
    store.complete_upload("key", upload_id, [first, second])
    assert store.read_path("key") == part(3) + b"end"


def test_parts_go_up_from_several_threads_at_once(store):
    upload_id = store.begin_upload("key")
    with ThreadPoolExecutor(4) as threads:
        etags = list(threads.map(lambda n: store.upload_part("key", upload_id, n, part(n, PART + n)), range(1, 7)))
    store.complete_upload("key", upload_id, etags)
    assert store.read_path("key") == b"".join(part(n, PART + n) for n in range(1, 7))


def test_an_upload_goes_on_in_another_process_by_its_id_alone(store):
    upload_id, etag = json.loads(json.dumps([i := store.begin_upload("key"), store.upload_part("key", i, 1, part(1))]))
    another = BlobStore.model_validate(store.model_dump())
    etags = [etag, another.upload_part("key", upload_id, 2, b"end")]
    another.complete_upload("key", upload_id, etags)
    assert store.read_path("key") == part(1) + b"end"


def test_completing_again_after_a_lost_answer_is_harmless(store):
    upload_id = store.begin_upload("key")
    etags = [store.upload_part("key", upload_id, 1, part(1)), store.upload_part("key", upload_id, 2, b"end")]
    first = store.complete_upload("key", upload_id, etags)
    assert store.complete_upload("key", upload_id, etags) == first
    assert store.read_path("key") == part(1) + b"end"


def test_an_aborted_upload_leaves_nothing_and_may_be_aborted_again(store):
    store.write_path("key", b"old")
    upload_id = store.begin_upload("key")
    store.upload_part("key", upload_id, 1, part(1))
    store.abort_upload("key", upload_id)
    store.abort_upload("key", upload_id)
    assert list(store.pending_uploads()) == []
    assert store.read_path("key") == b"old"


def test_aborting_after_completion_keeps_the_blob(store):
    upload_id = store.begin_upload("key")
    store.complete_upload("key", upload_id, [store.upload_part("key", upload_id, 1, b"content")])
    store.abort_upload("key", upload_id)
    assert store.read_path("key") == b"content"


def test_pending_uploads_are_found_by_the_text_of_the_prefix(store):
    ids = {key: store.begin_upload(key) for key in ("exports/10", "exports/1", "imports/1")}
    again = store.begin_upload("exports/1")
    assert sorted(store.pending_uploads("exports/1")) == sorted(
        [("exports/1", ids["exports/1"]), ("exports/1", again), ("exports/10", ids["exports/10"])]
    )
    assert {key for key, _ in store.pending_uploads()} == set(ids)
    assert list(store.pending_uploads("nothing/")) == []
    for key, upload_id in store.pending_uploads():
        store.abort_upload(key, upload_id)
    assert list(store.pending_uploads()) == []


def test_an_etag_of_another_writing_of_the_part_is_refused(store):
    upload_id = store.begin_upload("key")
    stale = store.upload_part("key", upload_id, 1, part(1))
    with pytest.raises(UploadLost) as caught:
        store.complete_upload("key", upload_id, [stale[:-1] + ("0" if stale[-1] != "0" else "1")])
    assert isinstance(caught.value, NonRetriable)
    with pytest.raises(UploadLost):
        store.complete_upload("key", upload_id, [stale, stale])
    assert not store.exists("key")


@pytest.mark.parametrize("number", [0, -1, 10_001])
def test_a_part_number_beyond_those_of_s3_is_refused(store, number):
    with pytest.raises(ValueError, match="numbered from 1 to 10,000"):
        store.upload_part("key", store.begin_upload("key"), number, b"")


def test_an_upload_without_parts_is_refused(store):
    with pytest.raises(ValueError, match="has no part"):
        store.complete_upload("key", store.begin_upload("key"), [])


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../secret", "a/../../secret", "nul\0byte", "a\\..\\b"])
def test_a_key_that_could_leave_the_store_is_refused_by_every_method_of_an_upload(store, tmp_path, key):
    for call in (
        lambda: store.begin_upload(key),
        lambda: store.upload_part(key, "0" * 32, 1, b"x"),
        lambda: store.complete_upload(key, "0" * 32, ["1-1"]),
        lambda: store.abort_upload(key, "0" * 32),
        lambda: store.local_path(key),
    ):
        with pytest.raises(ValueError, match="blob key"):
            call()
    assert not any(path.name == "secret" for path in tmp_path.rglob("*"))


def test_a_blob_has_a_local_path_only_in_a_folder(store):
    store.write_path("key", b"content")
    path = store.local_path("key")
    assert path is None if store.storage_url.startswith("s3:") else path == Path(store.location("key"))


def test_only_a_blob_that_exists_has_a_link(store):
    with pytest.raises(BlobMissing):
        store.download_url("nothing", filename="a.csv", expires_in=timedelta(days=1))
