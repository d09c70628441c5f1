"""The zygote in use, and those before it whose runs are not over."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from groundwork.blocks.outages import Outages
from groundwork.deployments.worker.protocol import StartRun
from groundwork.deployments.worker.zygote_client import ZygoteClient, ZygoteGone

RESTART_SECONDS = 1.0
"""Pause before a zygote that died is replaced, at first: one that never takes a run is replaced ever less often."""

logger = logging.getLogger(__name__)


class Zygotes:
    """Always one zygote that takes runs. A dead one is replaced; a renewed one keeps its runs until they end."""

    def __init__(self) -> None:
        self._current: ZygoteClient | None = None
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._outages = Outages(logger)

    async def start(self) -> None:
        """Have a zygote that has imported everything before the first run comes."""
        await (await self._alive()).ready.wait()

    async def run(self, request: StartRun) -> tuple[int, "asyncio.Future[int]"]:
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

    async def _replace(self) -> None:
        try:
            fresh = await ZygoteClient.start()
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
        logger.info("zygote %s has the new code", fresh.pid)
        if old is not None:
            await old.drain()


NOT_LOADED = (
    "The zygote ended with exit code {} before it could take runs: most likely a module cannot be imported. Its "
    "traceback is in the log above. Mend the code; nothing needs to be started again"
)
