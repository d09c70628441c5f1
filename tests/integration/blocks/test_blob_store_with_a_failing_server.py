"""What the store does when S3 throttles or is away."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import NonRetriable

ATTEMPTS = 3
"""Of a request without a body in its answer, as blocks/blob/s3/client.py sets it."""


class _Throttling(BaseHTTPRequestHandler):
    """Answers 503 for as often as its server says, then 200."""

    def do_HEAD(self) -> None:
        self.server.requests += 1
        self.send_response(503 if self.server.requests <= self.server.failures else 200)
        self.send_header("ETag", '"abc"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Throttling)
    server.requests = server.failures = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def store_at(port: int) -> BlobStore:
    return BlobStore(
        storage_url="s3://bucket",
        endpoint_url=f"http://127.0.0.1:{port}",
        region="us-east-1",
        access_key_id="someone",
        secret_access_key="something",
    )


def test_a_throttled_request_is_repeated_until_it_succeeds(server):
    server.failures = ATTEMPTS - 1
    assert store_at(server.server_port).stat("key").etag == "abc"
    assert server.requests == ATTEMPTS


def test_a_server_that_throttles_for_long_ends_in_an_error_that_a_step_may_retry(server):
    server.failures = 1000
    with pytest.raises(OSError, match="Service Unavailable") as caught:
        store_at(server.server_port).stat("key")
    assert not isinstance(caught.value, NonRetriable)
    assert server.requests == ATTEMPTS


def test_a_server_that_is_away_ends_in_an_error_that_a_step_may_retry():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Exception, match="Could not connect") as caught:
            store_at(taken.getsockname()[1]).stat("key")
    assert not isinstance(caught.value, NonRetriable)
