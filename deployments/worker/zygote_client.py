"""One zygote, as the worker sees it."""

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys

import psutil
from prefect.settings import get_current_settings

from groundwork.blocks.errors import GroundworkError
from groundwork.deployments.worker.configuration import configured_blocks
from groundwork.deployments.worker.protocol import STANDBY, Message, StartRun

NO_THREADS = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Keeps NumPy and Arrow from starting native threads when they are imported: a fork would not have them."""

LOAD_SECONDS = 120.0
"""How long a zygote may take for its imports."""
FORK_SECONDS = 15.0
"""How long a zygote may take to fork. Too short: on a busy machine a good one is killed. Too long: runs wait for a
stopped one."""
ORPHAN_POLL_SECONDS = 0.5
"""How often a process whose zygote is gone is looked for: nobody tells of its end."""

logger = logging.getLogger(__name__)

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
