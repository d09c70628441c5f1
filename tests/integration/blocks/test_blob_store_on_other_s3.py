"""S3 servers that lack what AWS has: checksums behind the content, If-Match, a list of uploads."""

import logging
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from groundwork.blocks.blob.s3.client import S3Clients
from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.blob.stores import StoreAddress
from groundwork.blocks.errors import BlobChanged, BlobDamaged
from groundwork.blocks.process_cache import forget
from tests.integration.blocks.conftest import S3Server
from tests.integration.blocks.s3_proxy import Fault, Operation, S3Proxy, s3_proxy

PART = 8 * 1024 * 1024
FRAME = b"400;chunk-signature=0\r\n"


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[S3Proxy]:
    with s3_proxy(s3.endpoint) as proxy:
        yield proxy


@pytest.fixture
def store(s3: S3Server, proxy: S3Proxy, fresh_configuration) -> BlobStore:
    return S3Server(proxy.url, s3.bucket).store("some/prefix")


@pytest.mark.parametrize(("chosen", "sent"), [("detect", False), ("required", False), ("always", True)])
def test_checksums_of_the_newer_kind_go_to_aws_alone_unless_they_are_chosen(store, proxy, monkeypatch, chosen, sent):
    monkeypatch.setenv("GROUNDWORK_S3_CHECKSUMS", chosen)
    forget()
    store.write_path("key", b"content")
    store.write_path("key", b"x" * (PART + 7))
    assert any(name.startswith("x-amz-checksum") for name in proxy.headers) is sent
    assert ("content-md5" in proxy.headers) is not sent
    assert "x-amz-trailer" not in proxy.headers or sent


@pytest.mark.parametrize("size", [7, PART + 7])
def test_a_blob_that_is_stored_as_something_else_is_no_success(store, proxy, size):
    proxy.frame = FRAME
    with pytest.raises(BlobDamaged, match=r"key has [\d,]+ bytes in the store, and [\d,]+ were sent"):
        store.write_path("key", b"x" * size)


def test_a_blob_that_changes_is_noticed_by_a_server_that_heeds_no_condition(store, proxy):
    proxy.unheeded = frozenset({"if-match"})
    store.write_path("key", b"a" * (3 * PART))
    with store.open("key") as stream:
        stream.read(10)
        store.write_path("key", b"b" * (3 * PART))
        stream.seek(2 * PART)
        with pytest.raises(BlobChanged):
            stream.read(10)


def test_a_server_without_a_list_of_uploads_serves_and_is_told_of_once(store, proxy, caplog):
    proxy.fail(Operation.UPLOADS, Fault.NOT_IMPLEMENTED, times=100)
    with caplog.at_level(logging.WARNING):
        assert store.pending_uploads() == []
        asked = proxy.requests[Operation.UPLOADS]
        assert store.pending_uploads() == []
    assert proxy.requests[Operation.UPLOADS] == asked
    assert [record for record in caplog.messages if "ListMultipartUploads" in record] == caplog.messages
    assert len(caplog.messages) == 1


@pytest.mark.parametrize(("chosen", "host"), [("auto", "s3.example"), ("virtual", "bucket.s3.example")])
def test_the_bucket_may_stand_in_the_host_name(monkeypatch, fresh_configuration, chosen, host):
    monkeypatch.setenv("GROUNDWORK_S3_ADDRESSING", chosen)
    address = StoreAddress(
        url="s3://bucket",
        endpoint_url="https://s3.example",
        region="us-east-1",
        access_key_id="someone",
        secret_access_key="something",
    )
    assert urlsplit(S3Clients(address).first.url("bucket/key")).hostname == host
