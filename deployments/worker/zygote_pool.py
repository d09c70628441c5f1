"""The zygotes of a worker: the one that takes runs, and those before it whose runs are not over."""

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Coroutine
from typing import Any

import psutil
from prefect.logging import get_logger
from prefect.settings import get_current_settings

from groundwork.blocks.errors import GroundworkError
from groundwork.blocks.outages import Outages
from groundwork.deployments.worker.configuration import configured_blocks
from groundwork.deployments.worker.protocol import STANDBY, Message, StartRun

NO_THREADS = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Keeps NumPy and Arrow from starting native threads when they are imported: a fork would not have them."""

LOAD_SECONDS = 120.0
"""How long a zygote may take for its imports."""
FORK_SECONDS = 15.0
"""How long a zygote may take to fork. Too short: on a busy machine a good one is killed. Too long: runs wait for a
stopped one."""
RESTART_SECONDS = 1.0
"""Pause before a zygote that died is replaced, at first: one that never takes a run is replaced ever less often."""
STANDBY_SECONDS = 2.0
"""Pause between new code and the next zygote that stands by, whose imports take a core from the first runs."""
ORPHAN_POLL_SECONDS = 0.5
"""How often a process whose zygote is gone is looked for: nobody tells of its end."""
NOT_LOADED = (
    "The zygote ended with exit code {} before it could take runs: most likely a module cannot be imported. Its "
    "traceback is in the log above. Mend the code; nothing needs to be started again"
)

logger = logging.getLogger(__name__)
_told = get_logger("groundwork")
"""What people wait for: a worker's console shows INFO of Prefect's loggers alone."""


Ending = asyncio.Future[int | None]
"""The exit code of a process, once it has ended: negative for a signal, None where nobody could tell it."""


class ZygoteGone(GroundworkError):
    """The zygote ended, or took no run any more. Another is started; its last words are in the worker's log."""


class ZygoteClient:
    """One zygote process. Made by :meth:`start`.

    Attributes:
        loaded: whether it has imported everything.
        ready: set once it has, or is gone.
        gone: set once it has ended.
    """

    def __init__(self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._process = process
        self._reader = reader
        self._writer = writer
        self._starting: dict[str, asyncio.Future[tuple[int, Ending]]] = {}
        self._running: dict[int, Ending] = {}
        self._orphans: set[asyncio.Task[None]] = set()
        self._listener = asyncio.ensure_future(self._listen())
        self.loaded = False
        self.ready = asyncio.Event()
        self.gone = asyncio.Event()

    @classmethod
    async def start(cls, *, standby: bool = False) -> "ZygoteClient":
        """Start a zygote. It may be asked for runs at once, and forks the first when its imports are done.

        Args:
            standby: it waits for :meth:`load` before it imports the jobs.
        """
        ours, theirs = socket.socketpair()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "groundwork.deployments.worker.zygote",
                str(theirs.fileno()),
                *((STANDBY,) if standby else ()),
            ],
            # The environment that the worker gives to runs: most of them then find all settings right.
            env={
                **configured_blocks(),
                **os.environ,
                **get_current_settings().to_environment_variables(exclude_unset=True),
                **NO_THREADS,
            },
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours)
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        """Process id of the zygote."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can still take runs."""
        return not self.gone.is_set()

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it lives."""
        return self._process.poll()

    async def run(self, request: StartRun) -> tuple[int, Ending]:
        """Fork a process for a flow run.

        Returns:
            Its process id, and how it ends.

        Raises:
            ZygoteGone: the zygote ended, or did not fork within :data:`FORK_SECONDS`; it is killed then.
        """
        started: asyncio.Future[tuple[int, Ending]] = asyncio.get_running_loop().create_future()
        self._starting[request.flow_run_id] = started
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                await self.ready.wait()
            async with asyncio.timeout(FORK_SECONDS):
                self._writer.write(Message(start=request).line())
                await self._writer.drain()
                return await started
        except (TimeoutError, ConnectionError) as error:
            # One that is stopped, or hangs, would keep every run waiting. Its children go on.
            self._process.kill()
            await self.gone.wait()
            raise ZygoteGone(f"zygote {self.pid} took no run ({type(error).__name__}), and was killed") from None
        finally:
            self._starting.pop(request.flow_run_id, None)

    async def load(self) -> None:
        """Let one that stands by import the jobs, as they are now."""
        with contextlib.suppress(ConnectionError):
            self._writer.write(b"\n")
            await self._writer.drain()

    def discard(self) -> None:
        """End one that has had no runs."""
        self._process.kill()

    async def drain(self) -> None:
        """Let it end once its last run has ended; it takes no further runs."""
        with contextlib.suppress(ConnectionError):
            self._writer.write(Message(drain=True).line())
            await self._writer.drain()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while line := await self._reader.readline():
                message = Message.model_validate_json(line)
                if message.ready:
                    self.loaded = True
                    self.ready.set()
                if message.started:
                    ended: Ending = loop.create_future()
                    self._running[message.started.pid] = ended
                    asked = self._starting.get(message.started.flow_run_id)
                    if asked is not None and not asked.done():
                        asked.set_result((message.started.pid, ended))
                if message.ended and (running := self._running.pop(message.ended.pid, None)) and not running.done():
                    running.set_result(message.ended.exit_code)
            await asyncio.to_thread(self._process.wait)
        except (ValueError, OSError) as error:
            # What it says makes no sense, or its end of the line is gone: it is of no use any more.
            logger.error("zygote %s is not understood, and killed: %s", self.pid, error)
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
        finally:
            gone = ZygoteGone(f"the zygote (process {self._process.pid}) ended with exit code {self._process.poll()}")
            for started in self._starting.values():
                if not started.done():
                    started.set_exception(gone)
            for pid, ended in self._running.items():
                task = asyncio.ensure_future(_outlive(pid, ended))
                self._orphans.add(task)
                task.add_done_callback(self._orphans.discard)
            self.ready.set()
            self.gone.set()


async def _outlive(pid: int, ended: Ending) -> None:
    """Wait for the end of a process whose zygote is gone, so that its run can be cancelled and holds its slot."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(ORPHAN_POLL_SECONDS)
    if not ended.done():
        ended.set_result(None)


class ZygotePool:
    """Always one zygote that takes runs. A dead one is replaced; a renewed one keeps its runs until they end.

    Args:
        standby: keep another one that has imported the libraries, so that new code takes a fraction of the time to
            come; it takes about 200 MB.
    """

    def __init__(self, *, standby: bool = False) -> None:
        self._keeps_standby = standby
        self._standby: ZygoteClient | None = None
        self._renewing = asyncio.Lock()
        self._current: ZygoteClient | None = None
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._outages = Outages(logger)

    async def start(self) -> None:
        """Have a zygote that has imported everything before the first run comes."""
        await (await self._alive()).ready.wait()
        await self._stand_by()

    async def run(self, request: StartRun) -> tuple[int, Ending]:
        """Fork a process for a flow run; see :meth:`ZygoteClient.run`. Where a zygote dies over it, the next one does.

        Should both have forked, the inbox lets only one of the two processes work.
        """
        try:
            return await (await self._alive()).run(request)
        except ZygoteGone as error:
            logger.error("%s; another one starts flow run %s", error, request.flow_run_id)
            return await (await self._alive()).run(request)

    def renew(self) -> None:
        """Start a zygote anew, so that runs from now on have the code as it is now; runs under way go on."""
        self._in_background(self._replace())

    async def drain(self) -> None:
        """Let the zygote end with its last run."""
        for task in self._tasks:
            task.cancel()
        if self._standby is not None:
            self._standby.discard()
        if self._current is not None:
            await self._current.drain()

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _replace_when_dead(self, zygote: ZygoteClient) -> None:
        await zygote.gone.wait()
        if zygote is not self._current:
            return
        pause = RESTART_SECONDS
        if zygote.loaded:
            logger.error("zygote %s died; its runs go on, and another one is started", zygote.pid)
        else:
            pause = self._outages.failed("the zygote", ZygoteGone(NOT_LOADED.format(zygote.exit_code)))
        await asyncio.sleep(pause)
        while zygote is self._current:
            with self._outages.watching("starting a zygote") as trial:
                await self._alive()
            await asyncio.sleep(trial.pause)

    async def _alive(self) -> ZygoteClient:
        async with self._lock:
            if self._current is None or not self._current.alive:
                self._current = await ZygoteClient.start()
                self._in_background(self._replace_when_dead(self._current))
                self._in_background(self._note_loaded(self._current))
                logger.info("zygote %s started", self._current.pid)
            return self._current

    async def _note_loaded(self, zygote: ZygoteClient) -> None:
        await zygote.ready.wait()
        if zygote.loaded:
            self._outages.worked("the zygote")

    async def _stand_by(self) -> None:
        """Keep one ready for the next renewal."""
        if not self._keeps_standby:
            return
        try:
            self._standby = await ZygoteClient.start(standby=True)
        except OSError as error:
            logger.warning("no zygote stands by, so that new code takes longer to come: %s", error)

    async def _replace(self) -> None:
        async with self._renewing:
            await self._renew()
        await asyncio.sleep(STANDBY_SECONDS)
        if self._standby is None:
            await self._stand_by()

    async def _renew(self) -> None:
        standby, self._standby = self._standby, None
        try:
            fresh = standby if standby is not None and standby.alive else await ZygoteClient.start()
            if fresh is standby:
                await fresh.load()
            await fresh.ready.wait()
        except OSError as error:
            logger.error("no zygote with the new code could be started, and runs go on with the old one: %s", error)
            return
        if not fresh.loaded:
            logger.error("the new code cannot be imported; runs go on with the old. Mend it, then send SIGHUP again")
            return
        async with self._lock:
            old, self._current = self._current, fresh
            self._in_background(self._replace_when_dead(fresh))
        _told.info("zygote %s has the new code", fresh.pid)
        if old is not None:
            await old.drain()
