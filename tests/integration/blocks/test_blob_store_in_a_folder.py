"""What only a folder has: a default place, and unfinished files."""

import pytest

from blocks.blob_store import BlobStore, blob_store
from blocks.errors import ConfigurationError


def test_the_default_is_the_folder_blobs_of_the_home(own_home):
    blob_store().write_path("imports/1.csv", b"content")
    assert (own_home / "blobs" / "imports" / "1.csv").read_bytes() == b"content"
    assert blob_store().location("imports/1.csv") == str(own_home / "blobs" / "imports" / "1.csv")


def test_unfinished_files_are_neither_listed_nor_reachable(own_home):
    with blob_store().write("key"):
        assert list(blob_store().list()) == []
    assert list(blob_store().list()) == ["key"]
    with pytest.raises(ValueError, match="holds unfinished files"):
        blob_store().open(".partial/key")


def test_a_reader_keeps_the_content_it_opened(own_home):
    blob_store().write_path("key", b"old")
    with blob_store().open("key") as stream:
        blob_store().write_path("key", b"new")
        assert stream.read() == b"old"


@pytest.mark.parametrize("url", ["ftp://host/folder", "blobs", "file://host/folder", "s3://", "s3:bucket"])
def test_a_url_of_another_kind_is_refused_with_the_cure(url):
    with pytest.raises(ConfigurationError, match=r"give file:///folder or s3://bucket/prefix"):
        BlobStore(storage_url=url).exists("key")
