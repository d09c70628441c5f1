"""Multipart uploads to an S3 server behind a proxy that throttles, refuses, breaks off, loses answers and goes away."""

import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import BlobRefused, ConfigurationError, NonRetriable, UploadLost
from tests.integration.blocks.conftest import S3Server
from tests.integration.blocks.s3_proxy import Fault, Operation, S3Proxy, s3_proxy

FIRST = b"a" * (5 * 1024 * 1024)
LAST = b"the end"

TRIES_OF_BOTOCORE = 3
TRIES = 15
"""Those of botocore, and five times over by s3fs for SlowDown."""


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[S3Proxy]:
    with s3_proxy(s3.endpoint) as proxy:
        yield proxy


@pytest.fixture
def store(s3: S3Server, proxy: S3Proxy) -> BlobStore:
    return S3Server(proxy.url, s3.bucket).store("some/prefix")


def upload(store: BlobStore) -> None:
    upload_id = store.begin_upload("key")
    etags = [store.upload_part("key", upload_id, 1, FIRST), store.upload_part("key", upload_id, 2, LAST)]
    store.complete_upload("key", upload_id, etags)


REQUESTS = {Operation.BEGIN: 1, Operation.PART: 2, Operation.COMPLETE: 1}
"""What an upload of two parts takes when nothing fails."""


@pytest.mark.parametrize("operation", REQUESTS)
@pytest.mark.parametrize("fault", [Fault.SLOW_DOWN, Fault.RESET_IN_BODY, Fault.ANSWER_LOST])
def test_an_upload_comes_through_a_passing_fault(store, proxy, operation, fault):
    proxy.fail(operation, fault)
    upload(store)
    assert proxy.requests[operation] == REQUESTS[operation] + 1
    assert store.read_path("key") == FIRST + LAST


def test_throttling_that_lasts_longer_than_botocores_tries_is_waited_out(store, proxy):
    proxy.fail(Operation.PART, Fault.SLOW_DOWN, times=TRIES_OF_BOTOCORE)
    upload(store)
    assert store.read_path("key") == FIRST + LAST


def test_a_part_that_is_throttled_for_long_ends_in_an_error_that_a_step_may_retry(store, proxy):
    upload_id = store.begin_upload("key")
    proxy.fail(Operation.PART, Fault.SLOW_DOWN, times=TRIES)
    with pytest.raises(OSError, match="reduce your request rate") as caught:
        store.upload_part("key", upload_id, 1, LAST)
    assert not isinstance(caught.value, NonRetriable)
    assert proxy.requests[Operation.PART] == TRIES

    store.complete_upload("key", upload_id, [store.upload_part("key", upload_id, 1, LAST)])
    assert store.read_path("key") == LAST


def test_an_upload_that_is_refused_midway_says_what_to_check_and_aborts_to_nothing(store, proxy):
    upload_id = store.begin_upload("key")
    etag = store.upload_part("key", upload_id, 1, FIRST)
    for operation, call in (
        (Operation.PART, lambda: store.upload_part("key", upload_id, 2, LAST)),
        (Operation.COMPLETE, lambda: store.complete_upload("key", upload_id, [etag])),
    ):
        proxy.requests.clear()
        proxy.fail(operation, Fault.FORBIDDEN)
        with pytest.raises(BlobRefused, match=r"some/prefix/key.*Check the credentials"):
            call()
        assert proxy.requests[operation] == 1

    store.abort_upload("key", upload_id)
    assert list(store.pending_uploads()) == []
    assert not store.exists("key")


def test_a_store_that_goes_away_and_comes_back_finds_the_upload_as_it_was(store, proxy):
    upload_id = store.begin_upload("key")
    first = store.upload_part("key", upload_id, 1, FIRST)
    proxy.go_away()
    with pytest.raises(Exception, match="Could not connect") as caught:
        store.upload_part("key", upload_id, 2, LAST)
    assert not isinstance(caught.value, NonRetriable)

    proxy.start()
    store.complete_upload("key", upload_id, [first, store.upload_part("key", upload_id, 2, LAST)])
    assert store.read_path("key") == FIRST + LAST


@pytest.mark.parametrize("fault", [Fault.SLOW_DOWN, Fault.ANSWER_LOST, Fault.NO_SUCH_UPLOAD])
def test_nothing_is_left_after_an_abort_with_a_fault(store, proxy, fault):
    upload_id = store.begin_upload("key")
    store.upload_part("key", upload_id, 1, FIRST)
    if fault is Fault.NO_SUCH_UPLOAD:
        store.abort_upload("key", upload_id)
    proxy.fail(Operation.ABORT, fault)
    store.abort_upload("key", upload_id)
    assert list(store.pending_uploads()) == []
    assert list(store.list()) == []


def test_a_beginning_whose_answer_was_lost_is_found_among_the_pending_uploads(store, proxy):
    proxy.fail(Operation.BEGIN, Fault.ANSWER_LOST)
    known = store.begin_upload("key")
    pending = store.pending_uploads("key")
    assert len(pending) == 2
    assert ("key", known) in pending
    for key, upload_id in pending:
        store.abort_upload(key, upload_id)
    assert list(store.pending_uploads()) == []


def test_a_completion_whose_answer_was_lost_is_known_by_the_blob_where_the_store_forgot_the_upload(store, proxy):
    upload_id = store.begin_upload("key")
    etags = [store.upload_part("key", upload_id, 1, FIRST), store.upload_part("key", upload_id, 2, LAST)]
    proxy.fail(Operation.COMPLETE, Fault.ANSWER_LOST)
    proxy.fail(Operation.COMPLETE, Fault.NO_SUCH_UPLOAD)
    assert store.complete_upload("key", upload_id, etags) == store.stat("key")
    assert store.read_path("key") == FIRST + LAST


def test_the_blob_of_another_upload_is_not_taken_for_the_work_of_a_lost_one(store, proxy):
    upload(store)
    upload_id = store.begin_upload("key")
    etags = [store.upload_part("key", upload_id, 1, b"another")]
    store.abort_upload("key", upload_id)
    for etag in (etags, ["not-an-md5"]):
        proxy.fail(Operation.COMPLETE, Fault.NO_SUCH_UPLOAD)
        with pytest.raises(UploadLost, match=rf"NoSuchUpload for the upload {upload_id}; begin a new upload"):
            store.complete_upload("key", upload_id, etag)
    assert store.read_path("key") == FIRST + LAST


def test_a_part_of_an_upload_that_is_gone_is_refused_for_good(store, proxy):
    upload_id = store.begin_upload("key")
    proxy.fail(Operation.PART, Fault.NO_SUCH_UPLOAD)
    with pytest.raises(UploadLost, match=r"some/prefix/key: NoSuchUpload") as caught:
        store.upload_part("key", upload_id, 1, b"")
    assert isinstance(caught.value, NonRetriable)


def test_a_missing_bucket_is_not_taken_for_a_lost_upload(s3):
    store = s3.store().model_copy(update={"storage_url": "s3://no-such-bucket"})
    with pytest.raises(ConfigurationError, match=r"no-such-bucket.* create it or correct the URL"):
        store.begin_upload("key")


def test_a_part_that_s3_finds_too_small_is_named_at_completion(store):
    upload_id = store.begin_upload("key")
    etags = [store.upload_part("key", upload_id, number, b"small") for number in (1, 2)]
    with pytest.raises(ValueError, match="upload 5 MiB at least"):
        store.complete_upload("key", upload_id, etags)
    store.abort_upload("key", upload_id)
    assert list(store.pending_uploads()) == []


def test_the_content_type_of_an_upload_is_kept(store, s3):
    upload_id = store.begin_upload("key", "text/csv")
    store.complete_upload("key", upload_id, [store.upload_part("key", upload_id, 1, LAST)])
    head = s3.filesystem().call_s3("head_object", Bucket=s3.bucket, Key="some/prefix/key")
    assert head["ContentType"] == "text/csv"


class _Swallow(BaseHTTPRequestHandler):
    """Takes a part and forgets it, a few bytes at a time."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 65536)))
        self.send_response(200)
        self.send_header("ETag", f'"{0:032x}"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""


def test_a_part_is_sent_without_a_copy_of_it():
    part = memoryview(bytes(32 * 1024 * 1024))
    server = HTTPServer(("127.0.0.1", 0), _Swallow)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        store = S3Server(f"http://127.0.0.1:{server.server_port}", "bucket").store("prefix")
        store.upload_part("key", "upload", 1, part[:1])
        tracemalloc.start()
        store.upload_part("key", "upload", 2, part)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        server.shutdown()
        server.server_close()
    assert peak < len(part) / 4


class _TwoPages(BaseHTTPRequestHandler):
    """Lists two pending uploads on two pages, which moto cannot."""

    def do_GET(self) -> None:
        second = "key-marker=prefix%2Fa&" in self.path and "upload-id-marker=1" in self.path
        key, number = ("prefix/b", "2") if second else ("prefix/a", "1")
        more = "false" if second else "true"
        content = (
            f"<ListMultipartUploadsResult><IsTruncated>{more}</IsTruncated><NextKeyMarker>{key}</NextKeyMarker>"
            f"<NextUploadIdMarker>{number}</NextUploadIdMarker>"
            f"<Upload><Key>{key}</Key><UploadId>{number}</UploadId></Upload></ListMultipartUploadsResult>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""


def test_pending_uploads_go_beyond_one_page():
    server = HTTPServer(("127.0.0.1", 0), _TwoPages)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        store = S3Server(f"http://127.0.0.1:{server.server_port}", "bucket").store("prefix")
        assert list(store.pending_uploads()) == [("a", "1"), ("b", "2")]
    finally:
        server.shutdown()
        server.server_close()
