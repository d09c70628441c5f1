"""A real HTTP server in this process that takes webhooks, or does what a test asks of it."""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook


@dataclass
class Call:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    def verified(self, secret: str) -> Any:
        """The message, once the signature has been found to be of the secret."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Takes webhooks.

    Attributes:
        answers: status and headers of the next answers; then 204. A status of 0 drops the connection instead.
        delay: seconds before each answer.
        dribble: seconds between the bytes of an answer's header, which has no end.
    """

    port: int = 0
    scheme: str = "http"
    calls: list[Call] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    delay: float = 0.0
    dribble: float = 0.0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hooks/secret-path"


@contextmanager
def receiving(certificate: Path | None = None) -> Iterator[Receiver]:
    """A receiver that listens; over TLS, if it has a certificate."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.calls.append(Call(self.path, dict(self.headers), body))
            status, headers = receiver.answers.pop(0) if receiver.answers else (204, {})
            time.sleep(receiver.delay)
            if receiver.dribble:
                self._dribble()
            elif status == 0:
                self.close_connection = True
            else:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

        def _dribble(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
            try:
                while True:
                    self.wfile.write(b"a")
                    time.sleep(receiver.dribble)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        receiver.scheme = "https"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
