"""One connection of a sender: bounded in bytes, in time and in number, before any of it reaches the application."""

import asyncio
import resource
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from groundwork.blocks.settings import settings
from groundwork.deployments.gateway.paths import is_of_inngest
from groundwork.deployments.gateway.refusal import Refusal

HEAD_BYTES = 32 * 1024
"""Most bytes of a request's line and headers, and of trailers. Too low: long links and tokens are 431. Too high:
memory, times the number of connections."""
HEAD_SECONDS = 10.0
"""How long a request's line and headers may take to arrive. Too low: senders on bad lines are 408. Too high: whoever
sends a byte now and then holds connections that others need."""
BODY_SECONDS = 20.0
"""How long a body may take to arrive, besides a second for each 50 kB that has. Too low: senders on bad lines are 408.
Too high: whoever sends a byte now and then holds connections that others need."""
_BYTES_PER_SECOND = 50_000
STALLED_SECONDS = 60.0
"""How long a client may take for the next 64 KiB of an answer. Too low: downloads over bad lines break off."""
PIPELINED_REQUESTS = 8
"""Most requests of one connection that wait for the answer to the first. Hardly a client sends a second one."""
_SPARE_FILES = 128
"""Files that the process keeps free for the database, logs and downloads."""

_LINGER_SECONDS = 2.0
"""How long more is read, and thrown away, after a refusal: a client that still writes would not see it otherwise."""

_Phase = Literal["idle", "head", "body"]


class Connection(HttpToolsProtocol):
    """uvicorn's connection with limits. What it refuses is answered as JSON, like every other refusal."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._phase: _Phase = "idle"
        self._refused = False
        self._origin: int | None = None
        self._began = 0.0
        self._head_bytes = 0
        self._body_bytes = 0
        self._bytes_without_progress = 0
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        most = settings().connections_per_address
        self._origin = origin(self.client)
        open_from_here = 0
        if self._origin is not None:
            open_from_here = sum(getattr(each, "_origin", None) == self._origin for each in self.connections)
        if len(self.connections) > _most_connections() or open_from_here > 2 * most:
            transport.abort()
        elif open_from_here > most:
            error = f"This address has {most:,} connections open already. Close some, or send more over each."
            # Not 429: Inngest's client for Python tries again after 500 and more only.
            self._refuse(503, error, {"Retry-After": "10"})
        else:
            self._begin("idle", HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused or self.parser is None:
            return
        if self._phase == "idle" and self._timer is None:
            self._begin("idle", HEAD_SECONDS)
        self._bytes_without_progress += len(data)
        super().data_received(data)
        if self._bytes_without_progress > HEAD_BYTES:
            self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._begin("head", HEAD_SECONDS)

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        # In the body's phase these are trailers, which nobody reads.
        self._head_bytes += len(name) + len(value) + len(b": \r\n")
        if self._phase == "head" and self._head_bytes <= HEAD_BYTES:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._bytes_without_progress = 0
        if self._head_bytes > HEAD_BYTES:
            self._refuse_head()
        elif len(self.pipeline) >= PIPELINED_REQUESTS:
            self._refuse(429, f"More than {PIPELINED_REQUESTS} requests wait on one connection. Wait for the answers.")
        if self._refused:
            return
        super().on_headers_complete()
        self._body_bytes = 0
        self._begin("body", BODY_SECONDS)

    def on_body(self, body: bytes) -> None:
        self._bytes_without_progress = 0
        self._body_bytes += len(body)
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._bytes_without_progress = 0
        if not self._refused:
            self._begin("idle", None)
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        self._refuse(400, "This is not a request in HTTP/1.1: the request line, a header or the body is malformed.")

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_writing()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing()

    def _watch_writing(self, before: int = 0) -> None:
        """Abort where the client has read nothing of the answer since the last look."""
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None
        rest = self.transport.get_write_buffer_size()
        if rest and rest == before:
            self.transport.abort()
        elif rest:
            self._stalled = self.loop.call_later(STALLED_SECONDS, self._watch_writing, rest)

    def _begin(self, phase: _Phase, seconds: float | None) -> None:
        """Enter a phase of the request, which may last for so long."""
        if self._timer:
            self._timer.cancel()
        self._phase = phase
        self._began = self.loop.time()
        self._timer = self.loop.call_later(seconds, self._time_is_over) if seconds is not None else None

    def _time_is_over(self) -> None:
        self._timer = None
        if self._answers_another():
            # The rest may not have been read: uvicorn reads no more until that answer is complete.
            self._begin(self._phase, HEAD_SECONDS)
        elif self._phase == "idle":
            self.transport.close()
        elif self._phase == "head":
            self._refuse(408, f"The headers did not arrive within {HEAD_SECONDS:.0f} s. Send the request again.")
        elif (rest := self._body_deadline() - self.loop.time()) > 0:
            self._timer = self.loop.call_later(rest, self._time_is_over)
        else:
            self._refuse(408, "The body arrives too slowly. Send the request again, or fewer events at once.")

    def _body_deadline(self) -> float:
        """When the body has to be complete, by the loop's clock. What follows its own answer is read by nobody."""
        read = 0 if self.cycle.response_started else min(self._body_bytes, 2 * settings().max_body_bytes)
        return self._began + BODY_SECONDS + read / _BYTES_PER_SECOND

    def _refuse_head(self) -> None:
        self._refuse(
            431, f"The request line and headers are larger than {HEAD_BYTES:,} bytes. Send fewer or shorter ones."
        )

    def _refuse(self, status: int, error: str, headers: dict[str, str] | None = None) -> None:
        """Answer, where no other answer is under way, and close."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._cancel_timers()
        self.logger.info("%s - %s %s", self.client[0] if self.client else "", status, error)
        if self._answers_another():
            # That answer is the last one on this connection.
            self.cycle.keep_alive = False
            self.pipeline.clear()
        elif self._phase == "body" and self.cycle.response_started:
            self.transport.close()
        else:
            if self._phase == "body":
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            self._write(Refusal(status, error, headers={"Connection": "close"} | (headers or {})))
            self.transport.write_eof()
            self._timer = self.loop.call_later(_LINGER_SECONDS, self.transport.abort)

    def _answers_another(self) -> bool:
        """Whether the answer to an earlier request, which has arrived as a whole, is not complete."""
        return self.cycle is not None and (
            bool(self.pipeline) or (self._phase != "body" and not self.cycle.response_complete)
        )

    def _write(self, refusal: Refusal) -> None:
        path = (self.url or b"").partition(b"?")[0].decode(errors="replace") if self._phase != "idle" else ""
        response = refusal.inngest_response() if is_of_inngest(path) else refusal.response()
        lines = [f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}".encode()]
        lines += [name + b": " + value for name, value in (*self.server_state.default_headers, *response.raw_headers)]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(response.body)]))

    def _cancel_timers(self) -> None:
        for timer in (self._timer, self._stalled):
            if timer:
                timer.cancel()
        self._timer = self._stalled = None


def origin(client: tuple[str, int] | None) -> int | None:
    """Tell what counts as one address: one of IPv4, or the network of 64 bits, all of which one client has in IPv6."""
    if client is None:
        return None
    address = ip_address(client[0].partition("%")[0])
    if isinstance(address, IPv6Address):
        return int(address.ipv4_mapped) if address.ipv4_mapped else int(address) >> 64 | 1 << 64
    return int(address)


def _most_connections() -> int:
    """How many connections leave the process enough files for the rest of its work."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 10_000 if soft == resource.RLIM_INFINITY else max(min(soft - _SPARE_FILES, 10_000), soft // 2)
