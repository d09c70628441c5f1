"""A proxy before the gateway that fails as networks do."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

NO_ANSWER = "no answer"
"""The gateway gets the request, and its answer is lost."""


class Flaky(ThreadingHTTPServer):
    """Forwards to a gateway; each fault is for one request: a status, or :data:`NO_ANSWER`.

    Attributes:
        faults: for the next requests.
        seen: headers and body of each request.
    """

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.faults: deque[int | str] = deque()
        self.seen: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Flaky

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
        fault = self.server.faults.popleft() if self.server.faults else None
        if isinstance(fault, int):
            self.send_response(fault)
            self.send_header("Content-Length", "12")
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(b"<h1>oops</h1"[:12])
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        answer = httpx.request(self.command, self.server.target + self.path, content=body, headers=headers)
        if fault == NO_ANSWER:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(answer.status_code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def flaky(target: str) -> Iterator[Flaky]:
    with Flaky(target) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
