"""What only a bucket has: multipart uploads, prefixes, credentials, and the environment's AWS variables."""

from collections.abc import Iterator

import httpx
import pytest

from groundwork.blocks.blob.store import BlobStore, blob_store
from groundwork.blocks.errors import BlobChanged, BlobMissing, BlobRefused, ConfigurationError, NonRetriable

PART = 8 * 1024 * 1024


def uploads(s3) -> list[dict]:
    answer = s3.filesystem().call_s3("list_multipart_uploads", Bucket=s3.bucket)
    return answer.get("Uploads", [])


def test_a_large_blob_goes_up_in_parts_while_it_is_written(s3):
    with s3.store().write("large") as writer:
        writer.write(b"x" * PART)
        assert len(uploads(s3)) == 1
        writer.write(b"y" * PART)
    assert uploads(s3) == []
    assert s3.store().stat("large").etag.endswith("-2")


def test_an_error_aborts_the_multipart_upload(s3):
    with pytest.raises(KeyboardInterrupt), s3.store().write("large") as writer:
        writer.write(b"x" * (PART + 1))
        assert len(uploads(s3)) == 1
        raise KeyboardInterrupt
    assert uploads(s3) == []
    assert list(s3.store().list()) == []


def test_a_bucket_that_vanishes_during_an_upload_is_named(s3):
    with pytest.raises(ConfigurationError, match=rf"{s3.bucket}.* does not exist"), s3.store().write("key") as writer:
        s3.filesystem().rmdir(s3.bucket)
        writer.write(b"content")


@pytest.mark.parametrize("method", [BlobStore.open, BlobStore.stat, BlobStore.read_path, BlobStore.delete])
def test_a_missing_bucket_is_not_taken_for_a_missing_blob(s3, method):
    store = s3.store().model_copy(update={"storage_url": "s3://no-such-bucket"})
    with pytest.raises(ConfigurationError, match=r"no-such-bucket.* create it or correct the URL"):
        method(store, "key")


def test_a_store_sees_nothing_outside_its_prefix(s3):
    for prefix in ("a", "ab", "a/b"):
        with s3.store(prefix).write("key") as writer:
            writer.write(prefix.encode())
    assert list(s3.store("a").list()) == ["b/key", "key"]
    assert list(s3.store("ab").list()) == ["key"]
    assert s3.store("ab").read_path("key") == b"ab"
    with pytest.raises(BlobMissing):
        s3.store("ab").open("b/key")


def test_listing_goes_beyond_one_page(s3, monkeypatch):
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    store = s3.store("many")
    for number in range(5):
        store.write_path(str(number), b"")
    first_page = s3.filesystem().call_s3("list_objects_v2", Bucket=s3.bucket)
    assert first_page["IsTruncated"]
    assert list(store.list()) == ["0", "1", "2", "3", "4"]


def test_a_blob_that_changes_while_it_is_read_is_noticed(s3):
    store = s3.store()
    store.write_path("key", b"a" * (3 * PART))
    with store.open("key") as stream:
        stream.read(10)
        store.write_path("key", b"b" * (3 * PART))
        with pytest.raises(BlobChanged, match="key was written again"):
            stream.seek(2 * PART)
            stream.read(10)


def test_the_content_type_is_kept(s3):
    with s3.store().write("rejects.csv", "text/csv") as writer:
        writer.write(b"line,reason\n")
    assert s3.filesystem().call_s3("head_object", Bucket=s3.bucket, Key="rejects.csv")["ContentType"] == "text/csv"


def test_endpoint_and_credentials_come_from_the_usual_variables(s3, monkeypatch, fresh_configuration):
    monkeypatch.setenv("GROUNDWORK_STORAGE_URL", f"s3://{s3.bucket}/from-environment")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    blob_store().write_path("key", b"content")
    assert blob_store().location("key") == f"s3://{s3.bucket}/from-environment/key"
    assert s3.filesystem().cat(f"{s3.bucket}/from-environment/key") == b"content"


@pytest.fixture
def locked(s3) -> Iterator[None]:
    """The server checks credentials, and knows none."""
    httpx.post(f"{s3.endpoint}/moto-api/reset-auth", content="0").raise_for_status()
    yield
    httpx.post(f"{s3.endpoint}/moto-api/reset-auth", content="inf").raise_for_status()


@pytest.mark.parametrize("method", [BlobStore.open, BlobStore.stat, BlobStore.read_path, BlobStore.delete])
def test_refused_access_says_what_to_check_and_is_not_tried_again(s3, locked, method):
    with pytest.raises(BlobRefused, match=rf"s3://{s3.bucket}/key.*Check the credentials") as caught:
        method(s3.store(), "key")
    assert isinstance(caught.value, NonRetriable)


def test_a_refused_write_says_so_too(s3, locked):
    with pytest.raises(BlobRefused, match="Check the credentials"):
        s3.store().write_path("key", b"content")


def test_missing_credentials_name_the_variables(s3, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    store = BlobStore(storage_url=f"s3://{s3.bucket}", endpoint_url=s3.endpoint, region="us-east-1")
    with pytest.raises(ConfigurationError, match="AWS_ACCESS_KEY_ID"):
        store.stat("key")
