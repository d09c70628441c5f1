"""Providers over real sockets: Oura's and WHOOP's APIs as they are documented, and what goes wrong with them."""

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Fault:
    """What the next request gets in place of an answer.

    Attributes:
        status: of the answer; 0 resets the connection.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)


class ProviderServer:
    """One provider.

    Attributes:
        url: of its API.
        objects: documents by path.
        pages: documents of a collection by path, ``page_size`` at a time.
        access: the token that is taken now.
        refresh_token: the one that works, once.
        faults: what the next requests get; None for an answer.
        asked: method and path of each request, in order.
    """

    page_size = 2

    def __init__(self) -> None:
        self.url = ""
        self.objects: dict[str, Any] = {}
        self.pages: dict[str, list[dict[str, Any]]] = {}
        self.access, self.refresh_token = "access-1", "refresh-1"
        self.rotations = 1
        self.revoked = False
        self.faults: deque[Fault | None] = deque()
        self.asked: list[tuple[str, str]] = []
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()
        self.refresh_delay = 0.0

    @property
    def refreshes(self) -> int:
        return sum(path.endswith("/token") for _, path in self.asked)

    def answer(self, handler: "_Handler", body: bytes) -> tuple[int, Any]:
        split = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        if split.path.endswith("/token"):
            return self._refreshed(parse_qs(body.decode()))
        if "/webhook/subscription" in split.path:
            return self._subscribed(handler, split.path, body)
        if self.revoked or handler.headers.get("authorization") != f"Bearer {self.access}":
            return 401, {"detail": "invalid token"}
        if split.path in self.pages:
            return 200, self._page(self.pages[split.path], query)
        if split.path in self.objects:
            return 200, self.objects[split.path]
        return 404, {"detail": "not found"}

    def _refreshed(self, form: dict[str, list[str]]) -> tuple[int, Any]:
        threading.Event().wait(self.refresh_delay)
        with self.lock:
            if form["client_secret"] != ["client-secret"]:
                return 401, {"error": "invalid_client"}
            if self.revoked or form["refresh_token"] != [self.refresh_token]:
                return 400, {"error": "invalid_grant"}
            self.rotations += 1
            self.access, self.refresh_token = f"access-{self.rotations}", f"refresh-{self.rotations}"
            return 200, {"access_token": self.access, "refresh_token": self.refresh_token, "expires_in": 3600}

    def _page(self, documents: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
        begin = int(query.get("next_token", query.get("nextToken", "0")))
        some = documents[begin : begin + self.page_size]
        following = str(begin + self.page_size) if begin + self.page_size < len(documents) else None
        return {"data": some, "records": some, "next_token": following}

    def _subscribed(self, handler: "_Handler", path: str, body: bytes) -> tuple[int, Any]:
        if (
            handler.headers.get("x-client-id") != "client-id"
            or handler.headers.get("x-client-secret") != "client-secret"
        ):
            return 401, {"detail": "unknown client"}
        last = path.rsplit("/", 1)[-1]
        if handler.command == "GET":
            return 200, list(self.subscriptions.values())
        if handler.command == "POST":
            asked = json.loads(body)
            made = {"id": f"made-{len(self.subscriptions)}", "expiration_time": "2099-01-01T00:00:00"} | asked
            made.pop("verification_token")
            self.subscriptions[made["id"]] = made
            return 201, made
        if last not in self.subscriptions:
            return 404, {"detail": "not found"}
        self.subscriptions[last]["expiration_time"] = "2099-01-01T00:00:00"
        return 200, self.subscriptions[last]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    provider: ProviderServer

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        provider = self.provider
        with provider.lock:
            provider.asked.append((self.command, urlsplit(self.path).path))
            fault = provider.faults.popleft() if provider.faults else None
        if fault is not None and fault.status == 0:
            # The peer sees a reset, not an end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        status, document = (fault.status, fault.body) if fault else provider.answer(self, body)
        content = json.dumps(document).encode()
        self.send_response(status)
        for name, value in (fault.headers if fault else {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = _serve

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def serving_provider() -> Iterator[ProviderServer]:
    """A provider that listens."""
    provider = ProviderServer()
    handler = type("Handler", (_Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
