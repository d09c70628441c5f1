"""The worker type ``groundwork``: ``prefect worker start --pool POOL --type groundwork``."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import anyio
import anyio.abc
from prefect.client.schemas.objects import FlowRun, StateType, WorkPool, WorkQueue
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.exceptions import InfrastructureNotFound, ObjectNotFound
from prefect.workers.base import BaseWorker

from groundwork.blocks.all_settings import check_settings
from groundwork.blocks.blob.probe import refuse_unfit_store
from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.outages import Outages
from groundwork.blocks.settings import settings
from groundwork.deployments.health import Health, Pulse, serve_health
from groundwork.deployments.relay.prefect_api import delivery_of
from groundwork.deployments.worker.admissions import AdmissionListener, follow_admissions
from groundwork.deployments.worker.assignments import Assignments
from groundwork.deployments.worker.cancellations import report_cancelled, stop_cancelled
from groundwork.deployments.worker.command import KEEPS_STANDBY
from groundwork.deployments.worker.configuration import (
    GroundworkJobConfiguration,
    GroundworkVariables,
    GroundworkWorkerResult,
    configured_blocks,
)
from groundwork.deployments.worker.pace import Pace
from groundwork.deployments.worker.patience import answered, for_ever, until_it_works
from groundwork.deployments.worker.protocol import StartRun
from groundwork.deployments.worker.remembered_reads import remember_reads
from groundwork.deployments.worker.run_context import RunContext
from groundwork.deployments.worker.run_process import RunProcess
from groundwork.deployments.worker.spawner import Spawner
from groundwork.deployments.worker.zygote_pool import ZygotePool
from groundwork.events.inbox.workers import Worker
from groundwork.flows.flow_run import PICKED_UP_AT

logger = logging.getLogger(__name__)

LOOPS = "the worker's loops"
SIGINT_WAS_IGNORED = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
"""Read while this module is imported: Prefect's command line sets its own handlers afterwards."""


def _told_file() -> Path | None:
    path = os.environ.get(KEEPS_STANDBY)
    return Path(path) if path else None


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
        self._zygotes: ZygotePool | Spawner = ZygotePool(standby=_told_file()) if hasattr(os, "fork") else Spawner()
        self._processes: dict[UUID, RunProcess] = {}
        self._queues: dict[UUID, WorkQueue] = {}
        self._outages = Outages(logger)
        self._places: int | None = kwargs.get("limit")
        self._assignments = Assignments(uuid4())
        self._listener: AdmissionListener | None = None
        self._looking = asyncio.Lock()
        self._pace = Pace(self._assignments)
        self._lacks: str | None = "the worker has not looked for runs yet"
        self._pulse = Pulse()
        self._health = Health(
            self._pulse, lambda: self._lacks, lambda: {"name": self.name, "runs": len(self._processes)}
        )

    async def start(
        self, run_once: bool = False, with_healthcheck: bool = False, printer: Callable[..., None] = print
    ) -> None:
        """Run the worker's loops until cancelled; see the base class. SIGHUP starts a new zygote with the new code.

        Raises:
            ConfigurationError: a setting of the engine or of an application cannot be, or the blob store does not do
                what jobs need; the message names it.
        """
        check_settings()
        if port := settings().health_port:
            serve_health(self._health, settings().host, port)
        self._end_by_sigint()
        await until_it_works(self._outages, "reading the worker's blocks", lambda: asyncio.to_thread(configured_blocks))
        await asyncio.to_thread(lambda: refuse_unfit_store(blob_store()))
        await self._zygotes.start()
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._zygotes.renew)
        async with anyio.create_task_group() as helpers:
            helpers.start_soon(self._beat)
            if not run_once:
                helpers.start_soon(for_ever, self._outages, "waking", self._follow_admissions)
                helpers.start_soon(for_ever, self._outages, "looking for cancelled runs", self._stop_cancelled)
            try:
                await until_it_works(
                    self._outages, LOOPS, lambda: self._start_loops(run_once, with_healthcheck, printer)
                )
            finally:
                helpers.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await self._zygotes.drain()

    async def setup(self) -> None:
        """Connect to Prefect; see the base class."""
        await super().setup()
        remember_reads(self.client)

    async def _give_worker_labels_to_flow_run(self, flow_run_id: UUID) -> None:
        """Spare each run the request: its events, and its log, name worker and pool."""

    async def _propose_submitting_state(self, flow_run: FlowRun) -> None:
        """Spare each run the request: it is Pending for the milliseconds until its process says that it runs."""

    async def _start_loops(self, run_once: bool, with_healthcheck: bool, printer: Callable[..., None]) -> None:
        """Run the base class's loops. Errors that this class cannot see end them; they begin anew, in this process."""
        self._submitting_flow_run_ids.clear()
        await super().start(run_once, with_healthcheck, printer)

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Look for runs once, if it is this worker's turn; see the base class."""
        return await self._look() if self._pace.takes_turn(full=self._is_full()) else []

    async def _look(self) -> list[FlowRun]:
        """Look for runs. While Prefect is away there are none, and it is asked less often."""
        async with self._looking:
            if self._pace.is_held_off or not self._pool_is_of_this_type():
                return []
            taken: list[FlowRun] = []
            with self._outages.watching("looking for runs") as trial:
                async with answered():
                    taken = await super().get_and_submit_flow_runs()
            self._pace.hold_off(trial.pause)
        self._lacks = "the last look for runs failed; the log says more" if trial.error else None
        for each in taken:
            self._assignments.taken(delivery_of(each), _age(each))
        return taken

    async def _get_scheduled_flow_runs(self) -> list[WorkerFlowRunResponse]:
        """See the base class. Runs that are meant for other workers are left to them."""
        found = await super()._get_scheduled_flow_runs()
        return [each for each in found if self._assignments.may_take(delivery_of(each.flow_run))]

    def _is_full(self) -> bool:
        try:
            return self.limiter.available_tokens < 1
        except RuntimeError:
            # It has no limit, or its loops are about to start.
            return False

    async def _beat(self) -> None:
        while True:
            self._pulse.beat("the worker's event loop")
            await anyio.sleep(1.0)

    async def sync_with_backend(self) -> None:
        """Tell Prefect that the worker is there; see the base class. It is told later where it does not listen now."""
        with self._outages.watching("telling Prefect of this worker"):
            async with answered():
                await super().sync_with_backend()
            self._outages.worked(LOOPS)

    def _pool_is_of_this_type(self) -> bool:
        """Whether the work pool's template is for workers like this one."""
        if (pool := self._known_pool()) is None:
            return True
        with self._outages.watching("the type of the work pool") as trial:
            if pool.type != self.type:
                raise ConfigurationError(
                    f"The work pool {pool.name} is of type {pool.type}, and this worker of type {self.type}: it takes "
                    f"no runs. Start one with --type {pool.type} (GROUNDWORK_WORKER={pool.type} groundwork up), or "
                    f"delete the pool (prefect work-pool delete {pool.name}) and run `groundwork deploy`."
                )
        return trial.error is None

    def _known_pool(self) -> WorkPool | None:
        """The worker's pool; None where Prefect has not told of it yet."""
        try:
            return self.work_pool
        except RuntimeError:
            return None

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

    async def run(
        self,
        flow_run: FlowRun,
        configuration: GroundworkJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> GroundworkWorkerResult:
        """Run a flow run in a process of its own and wait for its end."""
        request = StartRun(
            flow_run_id=str(flow_run.id),
            context=await self._context(configuration),
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
            # A run that somebody retries may have another process before this one has quite ended.
            if self._processes.get(flow_run.id) is process:
                del self._processes[flow_run.id]
            self._pace.has_place()
        if process.cancelled:
            await until_it_works(
                self._outages, "telling Prefect of a cancelled run", lambda: report_cancelled(self.client, flow_run.id)
            )
            exit_code = 0
        elif exit_code is None:
            exit_code = await self._exit_code_of_orphan(flow_run.id)
        return GroundworkWorkerResult(status_code=exit_code, identifier=str(process.pid))

    async def _exit_code_of_orphan(self, flow_run_id: UUID) -> int:
        """0 where a run whose exit code nobody could tell has told Prefect of its end itself, else 1."""
        running = (StateType.PENDING, StateType.RUNNING)
        exit_code = 1

        async def read() -> None:
            nonlocal exit_code
            with contextlib.suppress(ObjectNotFound):
                state = (await self.client.read_flow_run(flow_run_id)).state
                exit_code = 1 if state is None or state.type in running else 0

        await until_it_works(self._outages, "asking how a run has ended", read)
        return exit_code

    async def _context(self, configuration: GroundworkJobConfiguration) -> RunContext | None:
        """What this worker has read of a run, with the work queue, which it reads once for all runs."""
        context = configuration.context
        if context is None or (queue_id := context.flow_run.work_queue_id) is None:
            return context
        if queue_id not in self._queues:
            self._queues[queue_id] = await self.client.read_work_queue(queue_id)
        return context.model_copy(update={"work_queue": self._queues[queue_id]})

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

    async def _follow_admissions(self) -> None:
        self._listener = AdmissionListener(self._outages, self._assignments, self._describe)
        await follow_admissions(self._outages, self._listener, self._look, self._is_full)

    def _describe(self, session_pid: int | None) -> Worker | None:
        """This worker, as the relay is to know it; None while it takes no runs."""
        if not self.is_setup or (pool := self._known_pool()) is None:
            return None
        return Worker(
            id=self._assignments.worker_id,
            name=self.name,
            work_pool=pool.name,
            places=self._places,
            session_pid=session_pid,
        )

    async def teardown(self, *exc_info: Any) -> None:
        """See the base class. Runs that were meant for this worker are taken by others."""
        if self._listener is not None:
            self.is_setup = False
            with anyio.CancelScope(shield=True):
                await asyncio.to_thread(self._listener.leave)
        await super().teardown(*exc_info)

    async def _stop_cancelled(self) -> None:
        await stop_cancelled(self.client, self._processes)


def _age(flow_run: FlowRun) -> float:
    """Seconds since a run was made, as Prefect's server says; 0 where it does not."""
    return (datetime.now(UTC) - flow_run.created).total_seconds() if flow_run.created else 0.0
