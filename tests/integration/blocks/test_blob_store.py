"""What every blob store does, shown on a folder and on S3 over HTTP."""

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import BlobMissing


def put(store: BlobStore, key: str, content: bytes = b"content") -> None:
    with store.write(key) as writer:
        writer.write(content)


def test_a_blob_reads_back_as_it_was_written(store):
    put(store, "imports/1/contacts.csv", b"email\nann@example.com\n")
    with store.open("imports/1/contacts.csv") as stream:
        assert stream.read() == b"email\nann@example.com\n"


def test_an_empty_blob_exists(store):
    put(store, "empty", b"")
    assert store.stat("empty").size == 0
    with store.open("empty") as stream:
        assert stream.read() == b""


def test_a_blob_of_many_parts_reads_back_as_it_was_written(store):
    line = bytes(range(256)) * 4096
    with store.write("large") as writer:
        for _ in range(20):
            writer.write(line)
    assert store.stat("large").size == 20 * len(line)
    with store.open("large") as stream:
        assert all(stream.read(len(line)) == line for _ in range(20))
        assert stream.read(1) == b""


def test_a_stream_is_seekable_and_buffered(store):
    put(store, "lines", b"first\nsecond\nthird\n")
    with store.open("lines") as stream:
        assert stream.seekable()
        stream.seek(6)
        assert stream.readline() == b"second\n"
        assert stream.tell() == 13
        stream.seek(-6, io.SEEK_END)
        assert list(stream) == [b"third\n"]


def test_a_blob_appears_only_at_the_end_of_its_block(store):
    with store.write("later") as writer:
        writer.write(b"part")
        assert not store.exists("later")
    assert store.exists("later")


def test_an_error_in_the_block_leaves_no_blob_and_keeps_the_old_one(store):
    put(store, "kept", b"old")
    for key in ("kept", "never"):
        with pytest.raises(ZeroDivisionError), store.write(key) as writer:
            writer.write(b"x" * 9_000_000)
            raise ZeroDivisionError
    assert not store.exists("never")
    assert list(store.list()) == ["kept"]
    with store.open("kept") as stream:
        assert stream.read() == b"old"


def test_an_error_of_the_caller_in_the_block_comes_out_as_it_is(store):
    with pytest.raises(FileNotFoundError), store.write("key"):
        Path("no-such-local-file").read_bytes()
    assert not store.exists("key")


def test_a_writer_that_is_closed_early_still_leaves_nothing_after_an_error(store):
    with pytest.raises(ZeroDivisionError), store.write("never") as writer:
        writer.write(b"content")
        writer.close()
        raise ZeroDivisionError
    with store.write("closed early") as writer:
        writer.write(b"content")
        writer.close()
    assert list(store.list()) == ["closed early"]
    assert store.read_path("closed early") == b"content"


def test_arrow_writes_to_and_reads_from_the_store(store):
    table = pa.table({"email": ["ann@example.com", "bob@example.com"]})
    with store.write("contacts.parquet") as writer:
        pq.write_table(table, writer)
    with store.open("contacts.parquet") as stream:
        assert pq.read_table(stream) == table


def test_writing_again_replaces_the_content_and_changes_the_etag(store):
    put(store, "key", b"one")
    before = store.stat("key")
    assert store.stat("key") == before
    put(store, "key", b"two")
    assert store.stat("key").size == before.size
    assert store.stat("key").etag != before.etag


@pytest.mark.parametrize("look", [BlobStore.open, BlobStore.stat, BlobStore.read_path])
def test_a_missing_blob_is_named_together_with_its_store(store, look):
    put(store, "folder/blob")
    for key in ("nothing", "folder", "folder/blob/below"):
        with pytest.raises(BlobMissing, match=rf"'{key}' in .*(a folder|some/prefix)"):
            look(store, key)
        assert not store.exists(key)


def test_deleting_is_idempotent(store):
    put(store, "key")
    store.delete("key")
    assert not store.exists("key")
    store.delete("key")


def test_listing_goes_by_the_text_of_the_prefix(store):
    for key in ("imports/10/a", "imports/1/b", "imports/1/a", "exports/1"):
        put(store, key)
    assert list(store.list("imports/1/")) == ["imports/1/a", "imports/1/b"]
    assert list(store.list("imports/1")) == ["imports/1/a", "imports/1/b", "imports/10/a"]
    assert list(store.list("nothing/")) == []
    assert len(list(store.list())) == 4


def test_a_local_file_uploads(store, tmp_path):
    file = tmp_path / "upload.csv"
    file.write_bytes(b"email\n" * 1000)
    store.upload(file, "imports/1/upload.csv", "text/csv")
    assert store.stat("imports/1/upload.csv").size == 6000


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../secret",
        "a/../../secret",
        "a/..",
        "./a",
        "a//b",
        "a/",
        "nul\0byte",
        "line\nbreak",
        "a\\..\\b",
    ],
)
def test_a_key_that_could_leave_the_store_is_refused_by_every_method(store, tmp_path, key):
    methods = [store.open, store.stat, store.exists, store.write, store.delete, store.location, store.read_path]
    for method in methods:
        with pytest.raises(ValueError, match="blob key"):
            method(key)
    with pytest.raises(ValueError, match="blob key"):
        store.upload(Path(__file__), key)
    assert not any(path.name == "secret" for path in tmp_path.rglob("*"))


def test_a_prefix_cannot_leave_the_store_either(store):
    with pytest.raises(ValueError, match="blob key"):
        store.list("../")


def test_a_key_longer_than_s3_allows_is_refused_in_a_folder_too(store):
    with pytest.raises(ValueError, match="shorten it to 1024"):
        store.stat("é" * 600)


def test_a_directory_goes_into_the_store_and_comes_back(store, tmp_path):
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "one.txt").write_text("1")
    (source / "sub" / "two.txt").write_text("2")
    (source / "three.log").write_text("3")
    (tmp_path / "ignore").write_text("*.log\n")
    store.put_directory(str(source), "kept", str(tmp_path / "ignore"))
    assert list(store.list("kept/")) == ["kept/one.txt", "kept/sub/two.txt"]
    store.get_directory("kept", str(tmp_path / "target"))
    assert (tmp_path / "target" / "sub" / "two.txt").read_text() == "2"
