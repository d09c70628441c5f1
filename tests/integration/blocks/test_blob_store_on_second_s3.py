"""The contract of blob stores on S3 servers of other makers than the suite's first one."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import UploadLost
from tests.integration.blocks.second_s3 import SecondS3, second_s3
from tests.kit.blob_store_contract import PART, BlobStoreContract, part


@contextmanager
def running(name: str, factory: pytest.TempPathFactory) -> Iterator[SecondS3]:
    with second_s3(name, factory.mktemp(name) / "buckets") as server:
        yield server


class TestNanio(BlobStoreContract):
    @pytest.fixture(scope="class")
    def server(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondS3]:
        with running("nanio", tmp_path_factory) as server:
            yield server

    @pytest.fixture
    def store(self, server: SecondS3) -> BlobStore:
        return server.with_bucket().store()


class TestRclone(BlobStoreContract):
    """A part is streamed on as it comes; the etag of a blob is the MD5 of all of it, not that of its parts' MD5s."""

    @pytest.fixture(scope="class")
    def server(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondS3]:
        with running("rclone", tmp_path_factory) as server:
            yield server

    @pytest.fixture
    def store(self, server: SecondS3) -> BlobStore:
        return server.with_bucket().store()

    def test_the_same_number_again_replaces_the_part(self, store: BlobStore) -> None:
        upload_id = store.begin_upload("key")
        first = store.upload_part("key", upload_id, 1, part(1))
        with pytest.raises(OSError, match="cannot be replaced with different contents"):
            store.upload_part("key", upload_id, 1, part(3))
        assert store.upload_part("key", upload_id, 1, part(1)) == first
        store.complete_upload("key", upload_id, [first])
        assert store.read_path("key") == part(1)

    def test_completing_again_after_a_lost_answer_is_harmless(self, store: BlobStore) -> None:
        upload_id = store.begin_upload("key")
        etags = [store.upload_part("key", upload_id, 1, part(1)), store.upload_part("key", upload_id, 2, b"end")]
        size = PART + len(b"end")
        first = store.complete_upload("key", upload_id, etags, size=size)
        with pytest.raises(UploadLost):
            store.complete_upload("key", upload_id, etags)
        assert store.complete_upload("key", upload_id, etags, size=size) == first
        assert store.read_path("key") == part(1) + b"end"
