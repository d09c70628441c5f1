"""What every blob store does. A store from outside shows it by a subclass with a fixture of its own::

from groundwork.blocks.blob.store import BlobStore

class TestOurStore(BlobStoreContract):
    @pytest.fixture
    def store(self) -> BlobStore:
        return BlobStore(storage_url="ours://an-empty-place")
"""

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import BlobMissing, NonRetriable, UploadLost

PART = 5 * 1024 * 1024
"""The smallest part that S3 takes, except for the last."""


def put(store: BlobStore, key: str, content: bytes = b"content") -> None:
    with store.write(key) as writer:
        writer.write(content)


def part(number: int, size: int = PART) -> bytes:
    return bytes([number]) * size


def upload(store: BlobStore, key: str, *parts: bytes | memoryview) -> None:
    upload_id = store.begin_upload(key)
    etags = [store.upload_part(key, upload_id, number, data) for number, data in enumerate(parts, 1)]
    store.complete_upload(key, upload_id, etags)


class BlobStoreContract:
    """The tests of a store's fixture ``store``, whose place is empty at the beginning of each."""

    @pytest.fixture
    def store(self) -> BlobStore:
        """The store. Every subclass has its own."""
        raise NotImplementedError("give the subclass of BlobStoreContract a fixture `store`")

    def test_a_blob_reads_back_as_it_was_written(self, store: BlobStore) -> None:
        put(store, "imports/1/contacts.csv", b"email\nann@example.com\n")
        with store.open("imports/1/contacts.csv") as stream:
            assert stream.read() == b"email\nann@example.com\n"

    def test_an_empty_blob_exists(self, store: BlobStore) -> None:
        put(store, "empty", b"")
        assert store.stat("empty").size == 0
        with store.open("empty") as stream:
            assert stream.read() == b""

    def test_a_blob_of_many_parts_reads_back_as_it_was_written(self, store: BlobStore) -> None:
        line = bytes(range(256)) * 4096
        with store.write("large") as writer:
            for _ in range(20):
                writer.write(line)
        assert store.stat("large").size == 20 * len(line)
        with store.open("large") as stream:
            assert all(stream.read(len(line)) == line for _ in range(20))
            assert stream.read(1) == b""

    def test_a_stream_is_seekable_and_buffered(self, store: BlobStore) -> None:
        put(store, "lines", b"first\nsecond\nthird\n")
        with store.open("lines") as stream:
            assert stream.seekable()
            stream.seek(6)
            assert stream.readline() == b"second\n"
            assert stream.tell() == 13
            stream.seek(-6, io.SEEK_END)
            assert list(stream) == [b"third\n"]

    def test_a_blob_appears_only_at_the_end_of_its_block(self, store: BlobStore) -> None:
        with store.write("later") as writer:
            writer.write(b"part")
            assert not store.exists("later")
        assert store.exists("later")

    def test_an_error_in_the_block_leaves_no_blob_and_keeps_the_old_one(self, store: BlobStore) -> None:
        put(store, "kept", b"old")
        for key in ("kept", "never"):
            with pytest.raises(ZeroDivisionError), store.write(key) as writer:
                writer.write(b"x" * 9_000_000)
                raise ZeroDivisionError
        assert not store.exists("never")
        assert list(store.list()) == ["kept"]
        with store.open("kept") as stream:
            assert stream.read() == b"old"

    def test_an_error_of_the_caller_in_the_block_comes_out_as_it_is(self, store: BlobStore) -> None:
        with pytest.raises(FileNotFoundError), store.write("key"):
            Path("no-such-local-file").read_bytes()
        assert not store.exists("key")

    def test_a_writer_that_is_closed_early_still_leaves_nothing_after_an_error(self, store: BlobStore) -> None:
        with pytest.raises(ZeroDivisionError), store.write("never") as writer:
            writer.write(b"content")
            writer.close()
            raise ZeroDivisionError
        with store.write("closed early") as writer:
            writer.write(b"content")
            writer.close()
        assert list(store.list()) == ["closed early"]
        assert store.read_path("closed early") == b"content"

    def test_arrow_writes_to_and_reads_from_the_store(self, store: BlobStore) -> None:
        table = pa.table({"email": ["ann@example.com", "bob@example.com"]})
        with store.write("contacts.parquet") as writer:
            pq.write_table(table, writer)
        with store.open("contacts.parquet") as stream:
            assert pq.read_table(stream) == table

    def test_writing_again_replaces_the_content_and_changes_the_etag(self, store: BlobStore) -> None:
        put(store, "key", b"one")
        before = store.stat("key")
        assert store.stat("key") == before
        put(store, "key", b"two")
        assert store.stat("key").size == before.size
        assert store.stat("key").etag != before.etag

    @pytest.mark.parametrize("look", [BlobStore.open, BlobStore.stat, BlobStore.read_path])
    def test_a_missing_blob_is_named_together_with_its_store(
        self, store: BlobStore, look: Callable[[BlobStore, str], object]
    ) -> None:
        put(store, "folder/blob")
        for key in ("nothing", "folder", "folder/blob/below"):
            with pytest.raises(BlobMissing, match=rf"'{key}' in "):
                look(store, key)
            assert not store.exists(key)

    def test_deleting_is_idempotent(self, store: BlobStore) -> None:
        put(store, "key")
        store.delete("key")
        assert not store.exists("key")
        store.delete("key")

    def test_listing_goes_by_the_text_of_the_prefix(self, store: BlobStore) -> None:
        for key in ("imports/10/a", "imports/1/b", "imports/1/a", "exports/1"):
            put(store, key)
        assert list(store.list("imports/1/")) == ["imports/1/a", "imports/1/b"]
        assert list(store.list("imports/1")) == ["imports/1/a", "imports/1/b", "imports/10/a"]
        assert list(store.list("nothing/")) == []
        assert len(list(store.list())) == 4

    def test_a_local_file_uploads(self, store: BlobStore, tmp_path: Path) -> None:
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
    def test_a_key_that_could_leave_the_store_is_refused_by_every_method(
        self, store: BlobStore, tmp_path: Path, key: str
    ) -> None:
        methods: list[Callable[[str], object]] = [
            store.open,
            store.stat,
            store.exists,
            store.write,
            store.delete,
            store.location,
            store.read_path,
        ]
        for method in methods:
            with pytest.raises(ValueError, match="blob key"):
                method(key)
        with pytest.raises(ValueError, match="blob key"):
            store.upload(Path(__file__), key)
        assert not any(path.name == "secret" for path in tmp_path.rglob("*"))

    def test_a_prefix_cannot_leave_the_store_either(self, store: BlobStore) -> None:
        with pytest.raises(ValueError, match="blob key"):
            store.list("../")

    def test_a_key_longer_than_s3_allows_is_refused_in_a_folder_too(self, store: BlobStore) -> None:
        with pytest.raises(ValueError, match="shorten it to 1024"):
            store.stat("é" * 600)

    def test_a_directory_goes_into_the_store_and_comes_back(self, store: BlobStore, tmp_path: Path) -> None:
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

    def test_the_parts_become_one_blob_in_the_order_of_their_numbers(self, store: BlobStore) -> None:
        upload_id = store.begin_upload("exports/1.csv", "text/csv")
        last, first, second = (store.upload_part("exports/1.csv", upload_id, n, part(n, PART + n)) for n in (3, 1, 2))
        stat = store.complete_upload("exports/1.csv", upload_id, [first, second, last])
        assert stat == store.stat("exports/1.csv")
        assert stat.size == 3 * PART + 6
        assert store.read_path("exports/1.csv") == part(1, PART + 1) + part(2, PART + 2) + part(3, PART + 3)
        assert list(store.pending_uploads()) == []

    def test_a_part_may_be_a_memoryview_and_the_only_one_may_be_small_or_empty(self, store: BlobStore) -> None:
        upload(store, "view", memoryview(b"a longer text")[2:8])
        upload(store, "empty", b"")
        assert store.read_path("view") == b"longer"
        assert store.stat("empty").size == 0

    def test_nothing_appears_before_completion_and_the_old_blob_stays(self, store: BlobStore) -> None:
        store.write_path("key", b"old")
        upload_id = store.begin_upload("key")
        etag = store.upload_part("key", upload_id, 1, b"new")
        store.upload_part("other", store.begin_upload("other"), 1, b"new")
        assert list(store.list()) == ["key"]
        assert store.read_path("key") == b"old"
        store.complete_upload("key", upload_id, [etag])
        assert store.read_path("key") == b"new"

    def test_the_same_number_again_replaces_the_part(self, store: BlobStore) -> None:
        upload_id = store.begin_upload("key")
        store.upload_part("key", upload_id, 1, part(1, PART + 1000))
        second = store.upload_part("key", upload_id, 2, b"end")
        first = store.upload_part("key", upload_id, 1, part(3))
        store.complete_upload("key", upload_id, [first, second])
        assert store.read_path("key") == part(3) + b"end"

    def test_parts_go_up_from_several_threads_at_once(self, store: BlobStore) -> None:
        upload_id = store.begin_upload("key")
        with ThreadPoolExecutor(4) as threads:
            etags = list(threads.map(lambda n: store.upload_part("key", upload_id, n, part(n, PART + n)), range(1, 7)))
        store.complete_upload("key", upload_id, etags)
        assert store.read_path("key") == b"".join(part(n, PART + n) for n in range(1, 7))

    def test_an_upload_goes_on_in_another_process_by_its_id_alone(self, store: BlobStore) -> None:
        upload_id, etag = json.loads(
            json.dumps([i := store.begin_upload("key"), store.upload_part("key", i, 1, part(1))])
        )
        another = BlobStore.model_validate(store.model_dump())
        etags = [etag, another.upload_part("key", upload_id, 2, b"end")]
        another.complete_upload("key", upload_id, etags)
        assert store.read_path("key") == part(1) + b"end"

    def test_completing_again_after_a_lost_answer_is_harmless(self, store: BlobStore) -> None:
        upload_id = store.begin_upload("key")
        etags = [store.upload_part("key", upload_id, 1, part(1)), store.upload_part("key", upload_id, 2, b"end")]
        first = store.complete_upload("key", upload_id, etags)
        assert store.complete_upload("key", upload_id, etags) == first
        assert store.read_path("key") == part(1) + b"end"

    def test_an_aborted_upload_leaves_nothing_and_may_be_aborted_again(self, store: BlobStore) -> None:
        store.write_path("key", b"old")
        upload_id = store.begin_upload("key")
        store.upload_part("key", upload_id, 1, part(1))
        store.abort_upload("key", upload_id)
        store.abort_upload("key", upload_id)
        assert list(store.pending_uploads()) == []
        assert store.read_path("key") == b"old"

    def test_aborting_after_completion_keeps_the_blob(self, store: BlobStore) -> None:
        upload_id = store.begin_upload("key")
        store.complete_upload("key", upload_id, [store.upload_part("key", upload_id, 1, b"content")])
        store.abort_upload("key", upload_id)
        assert store.read_path("key") == b"content"

    def test_pending_uploads_are_found_by_the_text_of_the_prefix(self, store: BlobStore) -> None:
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

    def test_a_place_that_never_had_an_upload_has_none_pending(self, store: BlobStore) -> None:
        assert list(store.pending_uploads("exports/")) == []
        assert list(store.pending_uploads()) == []

    def test_an_etag_of_another_writing_of_the_part_is_refused(self, store: BlobStore) -> None:
        upload_id = store.begin_upload("key")
        stale = store.upload_part("key", upload_id, 1, part(1))
        with pytest.raises(UploadLost) as caught:
            store.complete_upload("key", upload_id, [stale[:-1] + ("0" if stale[-1] != "0" else "1")])
        assert isinstance(caught.value, NonRetriable)
        with pytest.raises(UploadLost):
            store.complete_upload("key", upload_id, [stale, stale])
        assert not store.exists("key")

    @pytest.mark.parametrize("number", [0, -1, 10_001])
    def test_a_part_number_beyond_those_of_s3_is_refused(self, store: BlobStore, number: int) -> None:
        with pytest.raises(ValueError, match="numbered from 1 to 10,000"):
            store.upload_part("key", store.begin_upload("key"), number, b"")

    def test_an_upload_without_parts_is_refused(self, store: BlobStore) -> None:
        with pytest.raises(ValueError, match="has no part"):
            store.complete_upload("key", store.begin_upload("key"), [])

    @pytest.mark.parametrize("key", ["", "/etc/passwd", "../secret", "a/../../secret", "nul\0byte", "a\\..\\b"])
    def test_a_key_that_could_leave_the_store_is_refused_by_every_method_of_an_upload(
        self, store: BlobStore, tmp_path: Path, key: str
    ) -> None:
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

    def test_a_blob_that_is_a_file_has_its_path(self, store: BlobStore) -> None:
        store.write_path("key", b"content")
        path = store.local_path("key")
        assert path is None or (path == Path(store.location("key")) and path.read_bytes() == b"content")

    def test_only_a_blob_that_exists_has_a_link(self, store: BlobStore) -> None:
        with pytest.raises(BlobMissing):
            store.download_url("nothing", filename="a.csv", expires_in=timedelta(days=1))
