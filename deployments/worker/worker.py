"""The worker type ``groundwork``: ``prefect worker start --pool POOL --type groundwork``."""

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import anyio
import anyio.abc
import httpx
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, StateType, WorkQueue
from prefect.exceptions import InfrastructureNotFound, ObjectNotFound
from prefect.states import Cancelled
from prefect.workers.base import BaseWorker

from groundwork.blocks.all_settings import check_settings
from groundwork.blocks.cures import is_refusal_of_content
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.outages import Outages
from groundwork.deployments.worker.configuration import (
    GroundworkJobConfiguration,
    GroundworkVariables,
    GroundworkWorkerResult,
    configured_blocks,
)
from groundwork.deployments.worker.known import Known
from groundwork.deployments.worker.protocol import StartRun
from groundwork.deployments.worker.run_process import RunProcess
from groundwork.deployments.worker.spawner import Spawner
from groundwork.deployments.worker.wake import AdmissionListener
from groundwork.deployments.worker.zygotes import Zygotes
from groundwork.flows.flow_run import PICKED_UP_AT

logger = logging.getLogger(__name__)

CANCEL_POLL_SECONDS = 2.0
"""How often the worker asks whether one of its runs is to be cancelled."""
EAGER_SECONDS = 5.0
"""How long after an admission the worker looks for its run without pause; the automation makes it in about 0.5 s."""
EAGER_POLL_SECONDS = 0.06
"""Pause before each of these looks; the automation takes about as long to make the run where nothing else goes on."""

ANSWER_SECONDS = 30.0
"""How long Prefect may take to answer. Too short: a busy server is taken for one that is away."""
LOOPS = "the worker's loops"
SIGINT_WAS_IGNORED = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
"""Read while this module is imported: Prefect's command line sets its own handlers afterwards."""


class GroundworkWorker(BaseWorker[GroundworkJobConfiguration, GroundworkVariables, GroundworkWorkerResult]):
    """Starts each flow run in a forked copy of a process that has imported Prefect, the jobs and Arrow."""

    type = "groundwork"
    job_configuration = GroundworkJobConfiguration
    job_configuration_variables = GroundworkVariables
    _display_name = "Groundwork"
    _description = "Execute flow runs in forked copies of a warm process: one process per run, started in milliseconds."
    _documentation_url = "https://docs.prefect.io/v3/concepts/workers"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._zygotes: Zygotes | Spawner = Zygotes() if hasattr(os, "fork") else Spawner()
        self._processes: dict[UUID, RunProcess] = {}
        self._known_queues: dict[UUID, WorkQueue] = {}
        self._outages = Outages(logger)
        self._look_at = 0.0

    async def start(
        self, run_once: bool = False, with_healthcheck: bool = False, printer: Callable[..., None] = print
    ) -> None:
        """Run the worker's loops until cancelled; see the base class. SIGHUP starts a new zygote with the new code.

        Raises:
            ConfigurationError: a setting of the engine or of an application cannot be; the message names it.
        """
        check_settings()
        self._end_by_sigint()
        await self._until_it_works("reading the worker's blocks", lambda: asyncio.to_thread(configured_blocks))
        await self._zygotes.start()
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._zygotes.renew)
        async with anyio.create_task_group() as helpers:
            if not run_once:
                helpers.start_soon(self._for_ever, "waking", self._wake)
                helpers.start_soon(self._for_ever, "looking for cancelled runs", self._cancel)
            try:
                await self._until_it_works(LOOPS, lambda: self._start_loops(run_once, with_healthcheck, printer))
            finally:
                helpers.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await self._zygotes.drain()

    async def _start_loops(self, run_once: bool, with_healthcheck: bool, printer: Callable[..., None]) -> None:
        """Run the base class's loops. Errors that this class cannot see end them; they begin anew, in this process."""
        self._submitting_flow_run_ids.clear()
        await super().start(run_once, with_healthcheck, printer)

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Look for runs once; see the base class. While Prefect is away there are none, and it is asked less often."""
        if time.monotonic() < self._look_at or not self._pool_is_of_this_type():
            return []
        taken: list[FlowRun] = []
        with self._outages.watching("looking for runs") as trial:
            async with _answered():
                taken = await super().get_and_submit_flow_runs()
        self._look_at = time.monotonic() + trial.pause
        return taken

    async def sync_with_backend(self) -> None:
        """Tell Prefect that the worker is there; see the base class. It is told later where it does not listen now."""
        with self._outages.watching("telling Prefect of this worker"):
            async with _answered():
                await super().sync_with_backend()
            self._outages.worked(LOOPS)

    def _pool_is_of_this_type(self) -> bool:
        """Whether the work pool's template is for workers like this one."""
        try:
            pool = self.work_pool
        except RuntimeError:
            # Prefect has not told of it yet.
            return True
        with self._outages.watching("the type of the work pool") as trial:
            if pool.type != self.type:
                raise ConfigurationError(
                    f"The work pool {pool.name} is of type {pool.type}, and this worker of type {self.type}: it takes "
                    f"no runs. Start one with --type {pool.type} (GROUNDWORK_WORKER={pool.type} groundwork up), or "
                    f"delete the pool (prefect work-pool delete {pool.name}) and run `groundwork deploy`."
                )
        return trial.error is None

    async def _submit_run(self, flow_run: FlowRun) -> None:
        """See the base class, which lets an error of a single request end the worker and all it watches over."""
        try:
            await super()._submit_run(flow_run)
        except Exception as error:
            self._outages.failed("taking a run on", error)
            self._submitting_flow_run_ids.discard(flow_run.id)
            self._release_limit_slot(flow_run.id)
        else:
            self._outages.worked("taking a run on")

    def _end_by_sigint(self) -> None:
        """Let SIGINT end the worker where a shell that started it in the background had it ignored: Prefect makes
        SIGTERM a SIGINT."""
        task = asyncio.current_task()
        if SIGINT_WAS_IGNORED and task is not None:
            with contextlib.suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)

    async def _until_it_works(self, doing: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do it once to its end, again and again where it fails."""
        while True:
            with self._outages.watching(doing) as trial:
                await work()
            if trial.error is None:
                return
            await anyio.sleep(trial.pause)

    async def _for_ever(self, doing: str, work: Callable[[], Awaitable[object]]) -> None:
        while True:
            await self._until_it_works(doing, work)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: GroundworkJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> GroundworkWorkerResult:
        """Run a flow run in a process of its own and wait for its end."""
        request = StartRun(
            flow_run_id=str(flow_run.id),
            known=await self._known(configuration),
            environment=configuration.environment() | {PICKED_UP_AT: datetime.now(UTC).isoformat()},
            working_dir=str(configuration.working_dir) if configuration.working_dir else None,
            memory_limit_mb=configuration.memory_limit_mb,
        )
        process = RunProcess(*await self._zygotes.run(request), grace_seconds=configuration.grace_seconds)
        self._processes[flow_run.id] = process
        try:
            if task_status is not None:
                task_status.started(process.pid)
            exit_code = await process.ended
        finally:
            del self._processes[flow_run.id]
        if process.cancelled:
            await self._until_it_works("telling Prefect of a cancelled run", lambda: self._tell_cancelled(flow_run.id))
            exit_code = 0
        return GroundworkWorkerResult(status_code=exit_code, identifier=str(process.pid))

    async def _tell_cancelled(self, flow_run_id: UUID) -> None:
        try:
            await self.client.set_flow_run_state(flow_run_id, Cancelled(message="Stopped by the worker."), force=True)
        except (ObjectNotFound, httpx.HTTPStatusError) as error:
            if isinstance(error, httpx.HTTPStatusError) and not is_refusal_of_content(error):
                raise
            logger.warning("flow run %s is cancelled, and Prefect does not want to hear of it: %s", flow_run_id, error)

    async def _known(self, configuration: GroundworkJobConfiguration) -> Known | None:
        """What this worker has read of a run, with the work queue, which it reads once for all runs."""
        known = configuration.known
        if known is None or (queue_id := known.flow_run.work_queue_id) is None:
            return known
        if queue_id not in self._known_queues:
            self._known_queues[queue_id] = await self.client.read_work_queue(queue_id)
        return known.model_copy(update={"work_queue": self._known_queues[queue_id]})

    async def kill_infrastructure(
        self,
        infrastructure_pid: str,
        configuration: GroundworkJobConfiguration,  # noqa: ARG002 - the base class's signature
        grace_seconds: int = 30,
    ) -> None:
        """Stop a run that was cancelled before it began.

        Raises:
            InfrastructureNotFound: it is no process of this worker.
        """
        for process in self._processes.values():
            if str(process.pid) == infrastructure_pid:
                await process.stop(grace_seconds)
                return
        raise InfrastructureNotFound(f"process {infrastructure_pid} is not one of this worker's")

    async def _wake(self) -> None:
        """Look for runs at once when the relay says that it has posted; the base class's polling is the net."""
        with AdmissionListener(self._outages) as listener:
            self._outages.worked("waking")
            while True:
                expected = await listener.wait()
                with anyio.move_on_after(EAGER_SECONDS):
                    while expected > 0:
                        await anyio.sleep(EAGER_POLL_SECONDS)
                        expected -= len(await self.get_and_submit_flow_runs())
                        expected += listener.take()

    async def _cancel(self) -> None:
        """Stop the processes of runs that somebody cancels."""
        await anyio.sleep(CANCEL_POLL_SECONDS)
        if not self._processes:
            return
        for flow_run in await self.client.read_flow_runs(flow_run_filter=_cancelling(list(self._processes))):
            if process := self._processes.get(flow_run.id):
                process.cancel()


@contextlib.asynccontextmanager
async def _answered() -> AsyncIterator[None]:
    """Bound the time that Prefect may take; its client would wait as long as an answer asks, even for a day.

    Raises:
        httpx.ReadTimeout: it took longer.
    """
    try:
        with anyio.fail_after(ANSWER_SECONDS):
            yield
    except TimeoutError:
        raise httpx.ReadTimeout(f"no answer that counts within {ANSWER_SECONDS:.0f} s") from None


def _cancelling(ids: list[UUID]) -> FlowRunFilter:
    return FlowRunFilter(
        id=FlowRunFilterId(any_=ids),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CANCELLING])),
    )
