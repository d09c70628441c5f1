"""The zygotes of a worker: the one that takes runs, and those before it whose runs are not over."""

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from prefect.logging import get_logger

from groundwork.blocks.outages import Outages
from groundwork.deployments.worker.protocol import StartRun
from groundwork.deployments.worker.zygote_client import Ending, ZygoteClient, ZygoteGone

RESTART_SECONDS = 1.0
"""Pause before a zygote that died is replaced, at first: one that never takes a run is replaced ever less often."""
STANDBY_SECONDS = 2.0
"""Pause between new code and the next zygote that stands by, whose imports take a core from the first runs."""
NOT_LOADED = (
    "The zygote ended with exit code {} before it could take runs: most likely a module cannot be imported. Its "
    "traceback is in the log above. Mend the code; nothing needs to be started again"
)

logger = logging.getLogger(__name__)
_told = get_logger("groundwork")
"""What people wait for: a worker's console shows INFO of Prefect's loggers alone."""


class ZygotePool:
    """Always one zygote that takes runs. A dead one is replaced; a renewed one keeps its runs until they end.

    Args:
        standby: keep another one that has imported the libraries, so that new code takes a fraction of the time to
            come; it takes about 200 MB. The file is written when a renewal is over. None: keep none.
    """

    def __init__(self, *, standby: Path | None = None) -> None:
        self._told_file = standby
        self._standby: ZygoteClient | None = None
        self._renewing = asyncio.Lock()
        self._current: ZygoteClient | None = None
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._outages = Outages(logger)

    async def start(self) -> None:
        """Have a zygote that has imported everything before the first run comes."""
        await (await self._alive()).ready.wait()
        await self._tell()
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

    async def _tell(self) -> None:
        """Tell whoever watches which zygote takes runs."""
        if self._told_file is not None and self._current is not None:
            # At once whole: whoever watches reads it as soon as it is there.
            unfinished = self._told_file.with_suffix(".unfinished")
            unfinished.write_text(str(self._current.pid))
            unfinished.replace(self._told_file)

    async def _stand_by(self) -> None:
        """Keep one ready for the next renewal."""
        if self._told_file is None:
            return
        try:
            self._standby = await ZygoteClient.start(standby=True)
        except OSError as error:
            logger.warning("no zygote stands by, so that new code takes longer to come: %s", error)

    async def _replace(self) -> None:
        async with self._renewing:
            await self._renew()
            await self._tell()
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
