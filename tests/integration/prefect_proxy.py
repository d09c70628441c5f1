"""A proxy in front of Prefect's API that answers in its place, as it is told, over real sockets."""

import http.client
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """What a request is answered with instead of Prefect's own answer.

    Attributes:
        cut: the connection is closed after half of the body.
        hangs: nothing is answered until the fault is over.
    """

    status: int = 500
    body: bytes = b'{"detail": "Internal Server Error"}'
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    hangs: bool = False


Fault = Callable[[str, str, bytes], Answer | None]
"""Method, path and body of a request; None lets it through."""


def always(answer: Answer) -> Fault:
    return lambda *_: answer


class PrefectProxy:
    """The proxy. It forwards everything until it is told of a fault.

    Args:
        upstream: URL of the server.

    Attributes:
        answered: how many requests were answered in Prefect's place, by path.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.answered: Counter[str] = Counter()
        self._fault: Fault | None = None
        self._over = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Request)
        self._server.proxy = self
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """What leads a process to the proxy."""
        return {"PREFECT_API_URL": f"http://127.0.0.1:{self._server.server_address[1]}/api"}

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Answer in Prefect's place until the block ends."""
        self.answered.clear()
        self._over.clear()
        self._fault = fault
        try:
            yield
        finally:
            self._fault = None
            self._over.set()

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, body: bytes) -> Answer | None:
        answer = self._fault(method, path, body) if self._fault else None
        if answer is not None:
            self.answered[path] += 1
            if answer.hangs:
                self._over.wait(600)
        return answer


@contextmanager
def prefect_proxy(upstream: str) -> Iterator[PrefectProxy]:
    """A running proxy."""
    proxy = PrefectProxy(upstream)
    try:
        yield proxy
    finally:
        proxy.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: PrefectProxy

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that is cut is no error of the test."""


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.server.proxy.answer(self.command, urlsplit(self.path).path, body)
        if self.headers.get("Upgrade"):
            return self._tunnel() if answer is None else self._answer(answer)
        return self._answer(answer or self._forward(body))

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""

    def _forward(self, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(self.server.proxy.upstream, timeout=60)
        try:
            headers = {name: value for name, value in self._headers_upstream() if name.lower() != "connection"}
            connection.request(self.command, self.path, body, headers)
            found = connection.getresponse()
            kept = {
                name: value
                for name, value in found.getheaders()
                if name.lower() not in ("transfer-encoding", "connection", "content-length")
            }
            return Answer(found.status, found.read(), kept)
        finally:
            connection.close()

    def _headers_upstream(self) -> Iterator[tuple[str, str]]:
        """The request's headers for the server, which is reached by its own name only."""
        for name, value in self.headers.items():
            yield name, self.server.proxy.upstream if name.lower() == "host" else value

    def _answer(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.cut:
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self.close_connection = True
        elif self.command != "HEAD":
            self.wfile.write(answer.body)

    def _tunnel(self) -> None:
        """Pass a WebSocket through."""
        host, _, port = self.server.proxy.upstream.partition(":")
        with socket.create_connection((host, int(port))) as server:
            lines = [
                f"{self.command} {self.path} HTTP/1.1",
                *(f"{name}: {it}" for name, it in self._headers_upstream()),
            ]
            server.sendall("\r\n".join([*lines, "", ""]).encode())
            back = threading.Thread(target=_pump, args=(server, self.connection), daemon=True)
            back.start()
            _pump(self.connection, server)
        self.close_connection = True


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
