"""An HTTP proxy in front of an S3 server that fails as it is told, over real sockets."""

import http.client
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Fault(Enum):
    """What becomes of a request."""

    SLOW_DOWN = "503 SlowDown, not forwarded"
    FORBIDDEN = "403 AccessDenied, not forwarded"
    NO_SUCH_UPLOAD = "404 NoSuchUpload, not forwarded"
    NOT_IMPLEMENTED = "501 NotImplemented, not forwarded"
    RESET_IN_BODY = "the connection is reset in the middle of the body, nothing forwarded"
    ANSWER_LOST = "forwarded, and the connection is reset before the answer"


_REFUSALS = {
    Fault.SLOW_DOWN: (503, "SlowDown", "Please reduce your request rate."),
    Fault.FORBIDDEN: (403, "AccessDenied", "Access Denied"),
    Fault.NOT_IMPLEMENTED: (
        501,
        "NotImplemented",
        "A header you provided implies functionality that is not implemented",
    ),
    Fault.NO_SUCH_UPLOAD: (404, "NoSuchUpload", "The specified upload does not exist."),
}


CHECKSUMS = frozenset({"content-md5", "x-amz-content-sha256", "x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm"})
"""Headers by which a server would notice that the content is not what was sent."""


class Operation(Enum):
    """The requests of a multipart upload, and all others."""

    BEGIN = "CreateMultipartUpload"
    PART = "UploadPart"
    COMPLETE = "CompleteMultipartUpload"
    ABORT = "AbortMultipartUpload"
    UPLOADS = "ListMultipartUploads"
    OTHER = "any other"


class S3Proxy:
    """The proxy. It forwards everything until it is told of a fault.

    Args:
        upstream: URL of the S3 server.

    Attributes:
        requests: how many of each operation came in, those that failed included.
        headers: names, in lower case, of those that came with an upload.
        unheeded: names of headers that the server does not get to know, as one that is older than they are.
        frame: what the server keeps in front of each content, as one that takes a frame for content.
    """

    def __init__(self, upstream: str) -> None:
        self.requests: Counter[Operation] = Counter()
        self.headers: set[str] = set()
        self.unheeded: frozenset[str] = frozenset()
        self.frame = b""
        self._upstream = urlsplit(upstream).netloc
        self._faults: dict[Operation, list[Fault]] = {}
        self._lock = threading.Lock()
        self._port = 0
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """Endpoint to give to clients; stays the same while the proxy is away."""
        return f"http://127.0.0.1:{self._port}"

    def fail(self, operation: Operation, fault: Fault, times: int = 1) -> None:
        """Let the next requests of an operation fail."""
        with self._lock:
            self._faults.setdefault(operation, []).extend([fault] * times)

    def start(self) -> None:
        """Listen; after :meth:`go_away` again, at the same port."""
        self._server = _Server(self, self._port)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def go_away(self) -> None:
        """Refuse connections, and reset those that are open."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server.reset_connections()
            self._server = None

    def next_fault(self, operation: Operation) -> Fault | None:
        """What to do with a request that came in."""
        with self._lock:
            self.requests[operation] += 1
            faults = self._faults.get(operation)
            return faults.pop(0) if faults else None

    def forward(self, request: "_Request", body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, headers and body of the server's answer."""
        connection = http.client.HTTPConnection(self._upstream, timeout=30)
        unheeded = {"expect", "connection", *self.unheeded}
        if request.command == "PUT":
            self.headers.update(map(str.lower, request.headers))
            if self.frame:
                body = self.frame + body
                unheeded |= {"content-length", *CHECKSUMS}
        try:
            connection.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name.lower() not in unheeded:
                    connection.putheader(name, value)
            if "content-length" in unheeded:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


@contextmanager
def s3_proxy(upstream: str) -> Iterator[S3Proxy]:
    """A running proxy."""
    proxy = S3Proxy(upstream)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.go_away()


class _Server(ThreadingHTTPServer):
    """Threads, one per connection, that do not outlive the test."""

    def __init__(self, proxy: S3Proxy, port: int) -> None:
        self.proxy = proxy
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Request)

    def process_request_thread(self, request: socket.socket, client_address: tuple[str, int]) -> None:
        self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.discard(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that a fault has cut is no error of the test."""

    def reset_connections(self) -> None:
        for connection in tuple(self._open):
            with suppress(OSError):
                _reset_at_close(connection)
                connection.shutdown(socket.SHUT_RDWR)


class _Request(BaseHTTPRequestHandler):
    """One connection, and the requests that come over it."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_any(self) -> None:
        proxy = self.server.proxy
        fault = proxy.next_fault(self._operation())
        length = int(self.headers.get("Content-Length", 0))
        if fault is Fault.RESET_IN_BODY:
            self.rfile.read(length // 2)
            return self._reset()
        body = self.rfile.read(length)
        if fault in _REFUSALS:
            return self._refuse(*_REFUSALS[fault])
        status, headers, content = proxy.forward(self, body)
        if fault is Fault.ANSWER_LOST:
            return self._reset()
        return self._answer(status, headers, content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""

    def _operation(self) -> Operation:
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        if self.command == "POST" and "uploads" in query:
            return Operation.BEGIN
        if self.command == "GET" and "uploads" in query:
            return Operation.UPLOADS
        if "uploadId" not in query:
            return Operation.OTHER
        by_method = {"PUT": Operation.PART, "POST": Operation.COMPLETE, "DELETE": Operation.ABORT}
        return by_method.get(self.command, Operation.OTHER)

    def _refuse(self, status: int, code: str, message: str) -> None:
        content = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
        self._answer(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(content)))], content)

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        sized = False
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "connection"):
                self.send_header(name, value)
                sized = sized or name.lower() == "content-length"
        if not sized:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _reset(self) -> None:
        _reset_at_close(self.connection)
        self.connection.close()
        self.close_connection = True


def _reset_at_close(connection: socket.socket) -> None:
    """Have the peer see a reset instead of an orderly end (RST instead of FIN)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
