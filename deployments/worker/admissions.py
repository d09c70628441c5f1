"""Admissions: the relay says over PostgreSQL that runs are about to be made, and the worker looks for them at once."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Set
from types import TracebackType
from typing import Self
from uuid import UUID

import anyio

from groundwork.blocks.database import database
from groundwork.blocks.outages import Outages

CHANNEL = "groundwork_posted"
"""The relay notifies it with the number of deliveries whose events it has posted."""
EAGER_SECONDS = 5.0
"""How long after an admission the worker looks for its run without pause; the automation makes it in about 0.5 s."""
EAGER_POLL_SECONDS = 0.06
"""Pause before each of these looks; the automation takes about as long to make the run where nothing else goes on."""
_RETRY_SECONDS = 2.0
_MOST_AT_ONCE = 1_000


Look = Callable[[], Awaitable[Set[UUID]]]
"""Looks for runs once, and gives those that are being taken on. It may give one several times."""


async def follow_admissions(outages: Outages, look: Look) -> None:
    """Look for runs at once when the relay says that it has posted; the worker's polling is the net.

    Args:
        outages: takes note while nothing is heard.
        look: looks for runs.
    """
    with AdmissionListener(outages) as listener:
        outages.worked("waking")
        while True:
            await look_eagerly(await listener.wait(), look, listener.take)


async def look_eagerly(expected: int, look: Look, more: Callable[[], int]) -> None:
    """Look again and again until as many runs are taken on as were posted, for :data:`EAGER_SECONDS` at most: other
    workers may have taken them.

    Args:
        expected: how many were posted.
        more: how many were posted since it was last asked.
    """
    taken: set[UUID] = set()
    with anyio.move_on_after(EAGER_SECONDS):
        while len(taken) < expected:
            await anyio.sleep(EAGER_POLL_SECONDS)
            taken |= await look()
            expected += more()


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
