"""The worker type ``groundwork``: ``prefect worker start --pool POOL --type groundwork``."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import anyio
import anyio.abc
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, StateType, WorkQueue
from prefect.exceptions import InfrastructureNotFound
from prefect.states import Cancelled
from prefect.workers.base import BaseWorker

from deployments.worker.configuration import (
    GroundworkJobConfiguration,
    GroundworkVariables,
    GroundworkWorkerResult,
    configured_blocks,
)
from deployments.worker.known import Known
from deployments.worker.protocol import StartRun
from deployments.worker.run_process import RunProcess
from deployments.worker.spawner import Spawner
from deployments.worker.wake import AdmissionListener
from deployments.worker.zygotes import Zygotes
from flows.flow_run import PICKED_UP_AT

logger = logging.getLogger(__name__)

CANCEL_POLL_SECONDS = 2.0
"""How often the worker asks whether one of its runs is to be cancelled."""
EAGER_SECONDS = 5.0
"""How long after an admission the worker looks for its run without pause; the automation makes it in about 0.5 s."""
EAGER_POLL_SECONDS = 0.06
"""Pause before each of these looks; the automation takes about as long to make the run where nothing else goes on."""


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
        self._zygotes = Zygotes() if hasattr(os, "fork") else Spawner()
        self._processes: dict[UUID, RunProcess] = {}
        self._known_queues: dict[UUID, WorkQueue] = {}

    async def start(
        self, run_once: bool = False, with_healthcheck: bool = False, printer: Callable[..., None] = print
    ) -> None:
        """Run the worker's loops until cancelled; see the base class. SIGHUP starts a new zygote with the new code."""
        await asyncio.to_thread(configured_blocks)
        await self._zygotes.start()
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._zygotes.renew)
        async with anyio.create_task_group() as helpers:
            if not run_once:
                helpers.start_soon(self._wake)
                helpers.start_soon(self._cancel)
            try:
                await super().start(run_once=run_once, with_healthcheck=with_healthcheck, printer=printer)
            finally:
                helpers.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await self._zygotes.drain()

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
            await self.client.set_flow_run_state(flow_run.id, Cancelled(message="Stopped by the worker."), force=True)
            exit_code = 0
        return GroundworkWorkerResult(status_code=exit_code, identifier=str(process.pid))

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
        with AdmissionListener() as listener:
            while True:
                expected = await listener.wait()
                with anyio.move_on_after(EAGER_SECONDS):
                    while expected > 0:
                        await anyio.sleep(EAGER_POLL_SECONDS)
                        expected -= len(await self.get_and_submit_flow_runs())
                        expected += listener.take()

    async def _cancel(self) -> None:
        """Stop the processes of runs that somebody cancels."""
        while True:
            await anyio.sleep(CANCEL_POLL_SECONDS)
            if not self._processes:
                continue
            try:
                cancelling = await self.client.read_flow_runs(flow_run_filter=_cancelling(list(self._processes)))
            except Exception as error:
                logger.warning("could not ask for cancelled runs, will try again: %s", error)
                continue
            for flow_run in cancelling:
                if process := self._processes.get(flow_run.id):
                    process.cancel()


def _cancelling(ids: list[UUID]) -> FlowRunFilter:
    return FlowRunFilter(
        id=FlowRunFilterId(any_=ids),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CANCELLING])),
    )
