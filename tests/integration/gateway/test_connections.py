"""Senders that are slow, endless, malformed or many, over a socket of their own."""

import asyncio
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from groundwork.blocks.settings import settings
from groundwork.deployments.gateway import connection
from tests.integration.gateway.conftest import OPEN_KEY, serving
from tests.integration.gateway.events import encoded, event, stored_events
from tests.waiting import wait_until

HEAD = (
    f"POST /events HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {OPEN_KEY}\r\nContent-Type: application/json\r\n"
).encode()


class Line:
    """A connection on which every byte is written by hand."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port), timeout=20)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def rest(self) -> bytes:
        """All that comes until the gateway closes."""
        parts = []
        while True:
            try:
                part = self.socket.recv(65536)
            except ConnectionResetError:
                part = b""
            if not part:
                return b"".join(parts)
            parts.append(part)

    def refusal(self) -> tuple[int, str]:
        """Status and error of the one answer, which has to be JSON; the gateway closes after it."""
        head, _, body = self.rest().partition(b"\r\n\r\n")
        status = re.match(rb"HTTP/1\.1 (\d+) ", head)
        assert status, head
        assert b"content-type: application/json" in head.lower()
        assert b"connection: close" in head.lower()
        answer = json.loads(body)
        assert set(answer) == {"error", "details"}
        return int(status[1]), answer["error"]


@pytest.fixture
def line(gateway_url: str, db: object) -> Iterator[Callable[[], Line]]:
    with ExitStack() as stack:

        def connect() -> Line:
            opened = Line(gateway_url)
            stack.callback(opened.socket.close)
            return opened

        yield connect


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 33_000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 3_000_000,
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 8_000 + b"\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"A" * 400_000,
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /?" + b"a" * 2_000_000,
    ],
    ids=["a long header", "an endless header", "many headers", "an endless name", "a long path", "an endless query"],
)
def test_a_request_line_and_headers_of_more_than_32_kb_are_431(line: Callable[[], Line], head: bytes) -> None:
    sender = line()
    sender.send(head)
    status, error = sender.refusal()
    assert status == 431
    assert "32,768 bytes" in error


def test_headers_of_30_kb_are_fine(line: Callable[[], Line]) -> None:
    sender = line()
    sender.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: " + b"a" * 30_000 + b"\r\n\r\n")
    assert sender.rest().startswith(b"HTTP/1.1 200 ")


def test_trailers_without_end_are_431(line: Callable[[], Line]) -> None:
    sender = line()
    sender.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n" + b"X: y\r\n" * 60_000)
    assert sender.refusal()[0] == 431


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET noslash HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\0c\r\n\r\n",
        b"CONNECT host:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD + b"Content-Length: x\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ],
)
def test_what_is_no_http_is_400_as_json(line: Callable[[], Line], garbage: bytes) -> None:
    sender = line()
    sender.send(garbage)
    status, error = sender.refusal()
    assert status == 400
    assert "HTTP/1.1" in error


def test_garbage_behind_a_request_does_not_take_its_answer(line: Callable[[], Line]) -> None:
    sender = line()
    body = encoded(event())
    sender.send(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body + b"\0\1garbage\r\n\r\n")
    answer = sender.rest()
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert stored_events() == 1


def test_headers_that_do_not_arrive_in_time_are_408(line: Callable[[], Line], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    sender = line()
    sender.send(b"GET /healthz HTTP/1.1\r\n")
    status, error = sender.refusal()
    assert status == 408
    assert "headers did not arrive" in error


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"GET /healthz HTTP/1.1\r\nX: ", b"a"),
        (HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
        (b"\r\n", b"\r\n"),
    ],
    ids=["headers", "body", "blank lines"],
)
def test_a_byte_now_and_then_does_not_prolong_the_time(
    line: Callable[[], Line], monkeypatch: pytest.MonkeyPatch, start: bytes, more: bytes
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.3)
    sender = line()
    sender.send(start)
    sender.socket.settimeout(0.01)

    def ended() -> bool:
        try:
            sender.send(more)
            return sender.socket.recv(1) in (b"", b"H")
        except TimeoutError:
            return False
        except OSError:
            return True

    wait_until(ended, 5)


@pytest.mark.parametrize("key", [OPEN_KEY, "unknown"])
def test_a_body_that_does_not_arrive_in_time_is_408(
    line: Callable[[], Line], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.3)
    sender = line()
    sender.send(HEAD.replace(OPEN_KEY.encode(), key.encode()) + b"Content-Length: 1000\r\n\r\n{")
    status, error = sender.refusal()
    assert status == 408
    assert "body arrives too slowly" in error
    assert stored_events() == 0


def test_a_body_that_goes_on_behind_its_answer_is_cut_off(
    line: Callable[[], Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.3)
    sender = line()
    sender.send(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    answer = sender.rest()
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert answer.count(b"HTTP/1.1") == 1


def test_an_idle_connection_is_closed_without_a_word(line: Callable[[], Line], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    assert line().rest() == b""


def test_an_answer_that_nobody_reads_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    async def endless(_: Scope, receive: Receive, send: Send) -> None:
        async def answer() -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b" " * 65_536, "more_body": True})

        answering = asyncio.create_task(answer())
        while (await receive())["type"] != "http.disconnect":
            pass
        ended.set()
        answering.cancel()

    app = FastAPI()
    app.mount("/endless", endless)
    monkeypatch.setattr(connection, "STALLED_SECONDS", 0.3)
    with serving(app) as url:
        reader = Line(url)
        reader.send(b"GET /endless/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert ended.wait(20)
        reader.socket.close()


def test_requests_that_wait_on_one_connection_are_limited(line: Callable[[], Line]) -> None:
    sender = line()
    sender.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 7_000)
    answers = sender.rest()
    assert 1 <= answers.count(b"HTTP/1.1 200 ") <= 10


def test_a_few_requests_on_one_connection_are_answered_in_order(line: Callable[[], Line]) -> None:
    sender = line()
    ask = b"GET /%s HTTP/1.1\r\nHost: x\r\nConnection: %s\r\n\r\n"
    keep = b"keep-alive"
    sender.send(ask % (b"healthz", keep) + ask % (b"nothing", keep) + ask % (b"healthz", b"close"))
    assert re.findall(rb"HTTP/1.1 (\d+) ", sender.rest()) == [b"200", b"404", b"200"]


def test_an_address_with_too_many_connections_is_503_and_the_others_are_served(
    line: Callable[[], Line], monkeypatch: pytest.MonkeyPatch, gateway_url: str
) -> None:
    monkeypatch.setattr(settings(), "connections_per_address", 3)
    held = [line() for _ in range(3)]
    for each in held:
        each.send(b"GET /healthz HTTP/1.1\r\n")
    status, error = line().refusal()
    assert status == 503
    assert "3 connections open" in error
    held[0].send(b"Host: x\r\nConnection: close\r\n\r\n")
    assert held[0].rest().startswith(b"HTTP/1.1 200 ")

    def served() -> bool:
        return httpx.get(f"{gateway_url}/healthz").status_code == 200

    wait_until(served, 10)


@pytest.mark.parametrize(
    ("client", "other", "alike"),
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("2001:db8::1", "2001:db8::2:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
    ],
)
def test_one_client_has_all_addresses_of_its_ipv6_network(client: str, other: str, alike: bool) -> None:
    assert (connection.origin((client, 1)) == connection.origin((other, 2))) is alike
