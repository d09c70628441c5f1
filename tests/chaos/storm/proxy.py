"""A TCP proxy that lets a request through and loses its answer."""

import asyncio
import contextlib
import random
import threading
from collections.abc import Awaitable, Callable

Upstream = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]

_CHUNK = 64 * 1024


class LossyProxy:
    """Listens on a port of the loopback address.

    Args:
        upstream: opens a connection to the server.
        matters: whether bytes from the client are a request whose answer may be lost.
        share: of the answers that are lost, from 0 to 1.
        rng: decides which.
    """

    def __init__(self, upstream: Upstream, matters: Callable[[bytes], bool], share: float, rng: random.Random) -> None:
        self.lossy = False
        self.answers_lost = 0
        self._upstream = upstream
        self._matters = matters
        self._share = share
        self._rng = rng
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            server, to_server = await self._upstream()
        except OSError:
            to_client.transport.abort()
            return
        lose = asyncio.Event()
        pumps = [
            asyncio.ensure_future(self._requests(client, to_server, lose)),
            asyncio.ensure_future(self._answers(server, to_client, lose)),
        ]
        _, pending = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pending:
            pump.cancel()
        for writer in (to_client, to_server):
            with contextlib.suppress(OSError):
                writer.transport.abort() if lose.is_set() else writer.close()

    async def _requests(self, client: asyncio.StreamReader, server: asyncio.StreamWriter, lose: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while data := await client.read(_CHUNK):
                if self.lossy and self._matters(data) and self._rng.random() < self._share:
                    lose.set()
                server.write(data)
                await server.drain()

    async def _answers(self, server: asyncio.StreamReader, client: asyncio.StreamWriter, lose: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while data := await server.read(_CHUNK):
                if lose.is_set():
                    self.answers_lost += 1
                    return
                client.write(data)
                await client.drain()
