"""What only a folder has: a default place, and unfinished files."""

import os
import shutil
import stat
from datetime import timedelta

import pytest

from groundwork.blocks.blob.store import BlobStore, blob_store
from groundwork.blocks.errors import BlobMissing, BlobRefused, ConfigurationError


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


@pytest.fixture
def linked(own_home, tmp_path):
    """A store with links that lead out of it; the folder they lead to, with a file `secret` in it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"of somebody else")
    blob_store().write_path("imports/7/upload.csv", b"ours")
    blobs = own_home / "blobs"
    (blobs / "file").symlink_to(outside / "secret")
    (blobs / "folder").symlink_to(outside)
    (blobs / "imports" / "folder").symlink_to(outside)
    (blobs / "imports" / "up").symlink_to(blobs)
    os.mkfifo(blobs / "pipe")
    return outside


LINKS = ["file", "folder/secret", "imports/folder/secret", "imports/up/imports/7/upload.csv"]


@pytest.mark.parametrize("key", [*LINKS, "pipe", "imports"])
def test_what_lies_behind_a_link_is_no_blob(linked, key):
    store = blob_store()
    for look in (store.open, store.stat, store.local_path, lambda key: store.read_path(key)):
        with pytest.raises(BlobMissing):
            look(key)
    with pytest.raises(BlobMissing):
        store.download_url(key, filename="a", expires_in=timedelta(days=1))
    assert not store.exists(key)


def test_links_and_what_lies_behind_them_are_not_listed(linked):
    assert list(blob_store().list()) == ["imports/7/upload.csv"]
    for prefix in ("folder/", "imports/folder/", "imports/up/", "file"):
        assert list(blob_store().list(prefix)) == []


@pytest.mark.parametrize("key", ["folder/new", "folder/secret", "imports/folder/new/deep", "file/below"])
def test_nothing_is_written_through_a_link(linked, key):
    with pytest.raises(BlobRefused, match="symbolic link"):
        blob_store().write_path(key, b"ours")
    upload = blob_store().begin_upload(key)
    etag = blob_store().upload_part(key, upload, 1, b"ours")
    with pytest.raises(BlobRefused, match="symbolic link"):
        blob_store().complete_upload(key, upload, [etag])
    assert [each.name for each in linked.iterdir()] == ["secret"]
    assert (linked / "secret").read_bytes() == b"of somebody else"


def test_a_link_in_the_place_of_a_blob_is_replaced_and_not_followed(linked, own_home):
    blob_store().write_path("file", b"ours")
    assert not (own_home / "blobs" / "file").is_symlink()
    assert blob_store().read_path("file") == b"ours"
    assert (linked / "secret").read_bytes() == b"of somebody else"


@pytest.mark.parametrize("key", LINKS[:3])
def test_nothing_is_deleted_behind_a_link(linked, key):
    blob_store().delete(key)
    assert (linked / "secret").exists()


@pytest.mark.parametrize("hidden", [".partial", ".uploads"])
def test_unfinished_files_are_not_kept_or_forgotten_behind_a_link(linked, own_home, hidden):
    shutil.rmtree(own_home / "blobs" / hidden, ignore_errors=True)
    (own_home / "blobs" / hidden).symlink_to(linked)
    assert blob_store().forget_unfinished(timedelta(seconds=-60)) == 0
    assert blob_store().pending_uploads() == []
    with pytest.raises(BlobRefused, match="symbolic link"):
        blob_store().write_path("key", b"x") if hidden == ".partial" else blob_store().begin_upload("key")
    assert [each.name for each in linked.iterdir()] == ["secret"]


def test_the_folder_itself_may_be_a_link_of_whoever_set_it_up(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "blobs").symlink_to(tmp_path / "disk")
    store = BlobStore(storage_url=(tmp_path / "blobs").as_uri())
    store.write_path("a/b", b"x")
    assert (list(store.list()), store.read_path("a/b")) == (["a/b"], b"x")


def test_a_file_that_somebody_put_there_under_a_name_that_is_no_key_is_no_blob(own_home):
    blob_store().write_path("key", b"x")
    for name in ("a\nb", "back\\slash", "caf\udce9"):
        (own_home / "blobs" / name).touch()
    assert list(blob_store().list()) == ["key"]


def test_nobody_else_can_read_blobs_or_the_home(own_home):
    before = os.umask(0)
    try:
        blob_store().write_path("imports/7/upload.csv", b"x")
        upload = blob_store().begin_upload("exports/1.csv")
        etags = [blob_store().upload_part("exports/1.csv", upload, number, b"x") for number in (2, 1)][::-1]
        blob_store().complete_upload("exports/1.csv", upload, etags)
        blob_store().begin_upload("exports/2.csv")
    finally:
        os.umask(before)
    for path in (own_home, *own_home.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
