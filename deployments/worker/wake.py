"""Learning from the relay, over PostgreSQL, that runs are about to be made."""

import asyncio
import contextlib
import threading
from types import TracebackType
from typing import Self

from groundwork.blocks.database import database
from groundwork.blocks.outages import Outages

CHANNEL = "groundwork_posted"
"""The relay notifies it with the number of deliveries whose events it has posted."""
_RETRY_SECONDS = 2.0
_MOST_AT_ONCE = 1_000


class AdmissionListener:
    """Counts posted deliveries. While the database is away, nothing is counted; the worker's polling goes on.

    Args:
        outages: takes note while it hears nothing.
    """

    def __init__(self, outages: Outages) -> None:
        self._outages = outages
        self._loop = asyncio.get_running_loop()
        self._posted = 0
        self._news = asyncio.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="wake", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()

    async def wait(self) -> int:
        """Wait for deliveries to be posted; their number since the last call."""
        await self._news.wait()
        return self.take()

    def take(self) -> int:
        """The number of deliveries posted since the last call."""
        posted, self._posted = self._posted, 0
        self._news.clear()
        return posted

    def _listen(self) -> None:
        while not self._stop.is_set():
            with self._outages.watching("listening for posted deliveries") as trial:
                self._listen_while_connected()
            self._stop.wait(trial.pause)

    def _listen_while_connected(self) -> None:
        with database().listening(CHANNEL) as connection:
            self._outages.worked("listening for posted deliveries")
            if connection is None:
                self._stop.wait()  # nothing is heard through a pooler: the worker's polling has to do
                return
            while not self._stop.is_set():
                for note in connection.notifies(timeout=_RETRY_SECONDS):
                    self._tell(note.payload)

    def _tell(self, payload: str) -> None:
        """Anybody who may connect may notify: what is no number counts as one."""
        posted = min(int(payload), _MOST_AT_ONCE) if payload.isdecimal() and len(payload) < 10 else 1
        # The loop may have ended meanwhile.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._count, posted)

    def _count(self, posted: int) -> None:
        self._posted += posted
        self._news.set()
