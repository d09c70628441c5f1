"""Admissions: the relay says over PostgreSQL which runs are about to be made, and their worker looks for them."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import anyio
from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.outages import Outages
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.worker.assignments import Assignments
from groundwork.events.inbox.workers import CHANNEL, Worker, mean_for_workers, note_meant_for, take_leave, tell

TELL_SECONDS = 2.0
"""How often a worker tells of itself."""
FULL_SECONDS = 0.5
"""How long runs are kept for a worker that is full: most have a place by then."""
LISTENING = "listening for posted deliveries"
TELLING = "telling of this worker"


async def follow_admissions(
    outages: Outages, listener: "AdmissionListener", look: Callable[[], Awaitable[object]], full: Callable[[], bool]
) -> None:
    """Look for runs at once when the relay says that this worker is to take them; its polling is the net.

    Args:
        outages: takes note while nothing is heard.
        listener: hears what the relay says.
        look: looks for runs, and tells the assignments which it takes.
        full: whether this worker has no place for another run.
    """
    with listener:
        outages.worked("waking")
        while True:
            await listener.news.wait()
            listener.news.clear()
            await look_eagerly(listener, look, full)


async def look_eagerly(
    listener: "AdmissionListener", look: Callable[[], Awaitable[object]], full: Callable[[], bool]
) -> None:
    """Look again and again until each run is taken that is meant for this worker. Where it is full, others are to take
    them."""
    full_since: float | None = None
    while listener.assignments.waiting:
        await anyio.sleep(listener.assignments.pause)
        if not full():
            full_since = None
            await look()
            continue
        full_since = full_since or time.monotonic()
        if time.monotonic() - full_since > FULL_SECONDS:
            full_since = None
            await asyncio.to_thread(listener.pass_on)


class AdmissionListener:
    """Hears which runs are meant for whom, and tells that this worker is there. While the database is away, nothing is
    heard; the worker's polling goes on.

    Args:
        outages: takes note while it hears nothing.
        assignments: are told what is heard.
        describe: the worker that listens in a session of PostgreSQL; None while it takes no runs.

    Attributes:
        news: set when there is something for this worker.
    """

    def __init__(
        self, outages: Outages, assignments: Assignments, describe: Callable[[int | None], Worker | None]
    ) -> None:
        self.assignments = assignments
        self._outages = outages
        self._describe = describe
        self._loop = asyncio.get_running_loop()
        self._work_pool = WORK_POOL
        self.news = asyncio.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="wake", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()

    def pass_on(self) -> None:
        """Let other workers take what this one has no place for. Where there are none, it keeps it."""
        with self._outages.watching("passing runs on"), database().transaction() as connection:
            self._pass_on(connection)

    def leave(self) -> None:
        """Tell that this worker takes no more runs."""
        with self._outages.watching("passing runs on"), database().transaction() as connection:
            take_leave(connection, self.assignments.worker_id)
            self._pass_on(connection)

    def _pass_on(self, connection: Connection) -> None:
        deliveries = dict.fromkeys(self.assignments.give_up(), self._work_pool)
        if deliveries:
            worker_id = self.assignments.worker_id
            note_meant_for(connection, mean_for_workers(connection, deliveries, not_for=worker_id))

    def _listen(self) -> None:
        while not self._stop.is_set():
            with self._outages.watching(LISTENING) as trial:
                self._listen_while_connected()
            self._stop.wait(trial.pause)

    def _listen_while_connected(self) -> None:
        with database().listening(CHANNEL) as connection:
            self._outages.worked(LISTENING)
            if connection is None:
                # Nothing is heard through a pooler: the worker's polling has to do.
                while not self._stop.is_set():
                    self._tell(None)
                    self._stop.wait(TELL_SECONDS)
                return
            while not self._stop.is_set():
                self._tell(connection.info.backend_pid)
                for note in connection.notifies(timeout=TELL_SECONDS):
                    self._hear(note.payload)

    def _tell(self, session_pid: int | None) -> None:
        """Tell that this worker is there, and hear which others are."""
        worker = self._describe(session_pid)
        if worker is None:
            return
        self._work_pool = worker.work_pool
        with self._outages.watching(TELLING), database().transaction() as connection:
            online = tell(connection, worker)
            self._in_loop(lambda: self.assignments.note_online(online, worker.work_pool))

    def _hear(self, payload: str) -> None:
        def hear() -> None:
            if self.assignments.hear(payload):
                self.news.set()

        self._in_loop(hear)

    def _in_loop(self, work: Callable[[], object]) -> None:
        # The loop may have ended meanwhile.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(work)
