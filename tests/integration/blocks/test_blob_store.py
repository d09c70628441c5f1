"""Our blob stores, and one that a package brings, keep the contract of blob stores."""

from pathlib import Path

import pytest

from groundwork.blocks.blob.blob import Blobs
from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import BlobMissing, ConfigurationError
from groundwork.blocks.process_cache import forget
from tests.integration.blocks.memory_store import MemoryBlobs
from tests.kit.blob_store_contract import BlobStoreContract

MEMORY = "tests.integration.blocks.memory_store:memory_at"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Installs a package that brings blob stores, for this test: scheme and factory, line by line."""

    def install(*stores: str) -> None:
        facts = tmp_path / "packages" / "memory-1.0.dist-info"
        facts.mkdir(parents=True)
        (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: memory\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text("\n".join(["[groundwork.blob_stores]", *stores]))
        monkeypatch.syspath_prepend(str(tmp_path / "packages"))
        forget()

    yield install
    monkeypatch.undo()
    forget()


class TestAFolder(BlobStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> BlobStore:
        return BlobStore(storage_url=(tmp_path / "a folder").as_uri())

    def test_a_missing_blob_is_named_together_with_the_folder(self, store):
        with pytest.raises(BlobMissing, match="a folder"):
            store.stat("nothing")


class TestS3(BlobStoreContract):
    @pytest.fixture
    def store(self, s3) -> BlobStore:
        return s3.store("some/prefix")

    def test_a_missing_blob_is_named_together_with_the_bucket_and_the_prefix(self, store, s3):
        with pytest.raises(BlobMissing, match=f"{s3.bucket}/some/prefix"):
            store.stat("nothing")


class TestAStoreThatAPackageBrings(BlobStoreContract):
    @pytest.fixture
    def store(self, installed, tmp_path: Path) -> BlobStore:
        installed(f"mem = {MEMORY}")
        return BlobStore(storage_url=f"mem://{tmp_path.name}")

    def test_it_is_the_packages_own(self, store):
        assert isinstance(store._blobs, MemoryBlobs)
        assert isinstance(store._blobs, Blobs)
        assert store.location("key").startswith("mem://")


def test_an_unknown_scheme_names_those_that_there_are_and_no_password(installed):
    installed(f"mem = {MEMORY}")
    with pytest.raises(ConfigurationError) as refused:
        BlobStore(storage_url="memory://ann:secret@host/place?token=secret").exists("key")
    assert "GROUNDWORK_STORAGE_URL 'memory://host/place'" in str(refused.value)
    assert "there are file, mem, s3" in str(refused.value)
    assert "entry point groundwork.blob_stores" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_second_store_of_a_scheme_is_an_error_that_names_both(installed):
    installed(f"s3 = {MEMORY}")
    with pytest.raises(
        ConfigurationError, match=rf"scheme s3: groundwork\.blocks\.blob\.s3\.blobs:S3Blobs and {MEMORY}"
    ):
        BlobStore(storage_url="s3://bucket").exists("key")


def test_a_store_that_cannot_be_imported_says_which_and_why(installed):
    installed("gone = no_such_module:store")
    with pytest.raises(ConfigurationError, match="the blob store no_such_module:store cannot be loaded: Module"):
        BlobStore(storage_url="gone://x").exists("key")


def test_a_store_that_nobody_uses_is_not_imported(installed, tmp_path):
    installed("gone = no_such_module:store")
    assert not BlobStore(storage_url=tmp_path.as_uri()).exists("key")
