"""A dashboard elsewhere: an HTTP server that takes pushes as a receiver of Standard Webhooks does."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass
class Dashboard:
    """What it has got, and what it answers.

    Attributes:
        secret: verifies signatures; a request that it does not verify is answered 401.
        answers: statuses of the next answers; then 200.
        headers: of each answer.
        drips: seconds for which it answers a byte at a time.
        floods: it answers without end.
        got: documents that it took, with their ids.
        asked: ids of all requests, those refused too.
        requests: method, path and headers of all.
    """

    secret: str = ""
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    drips: float = 0.0
    floods: bool = False
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""

    def members(self) -> list[str]:
        return [each["data"]["memberId"] for _, each in self.got]


@contextmanager
def dashboard(tls: ssl.SSLContext | None = None) -> Iterator[Dashboard]:
    """The server, on a port of this machine."""
    it = Dashboard()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            it.requests.append((self.command, self.path, dict(self.headers)))
            self.send_response(200)
            self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            it.requests.append((self.command, self.path, dict(self.headers)))
            it.asked.append(self.headers["webhook-id"])
            it.bodies.append(body)
            if it.drips:
                self._drip()
                return
            status = it.answers.pop(0) if it.answers else 200
            if status == 200:
                try:
                    Webhook(it.secret).verify(body, dict(self.headers))
                except Exception:
                    status = 401
            if status == 200:
                it.got.append((self.headers["webhook-id"], json.loads(body)))
            self.send_response(status)
            for name, value in it.headers.items():
                self.send_header(name, value)
            self.end_headers()
            while it.floods:
                self.wfile.write(b"x" * 65536)

        def _drip(self) -> None:
            until = time.monotonic() + it.drips
            self.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
            while time.monotonic() < until:
                self.wfile.write(b"y")
                self.wfile.flush()
                time.sleep(0.05)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] - clients hang up on floods
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    it.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/hooks?gym=acme"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield it
    finally:
        it.floods = False
        server.shutdown()
        server.server_close()
