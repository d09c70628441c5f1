"""Runs that somebody cancels: their processes are stopped, and Prefect is told that they are over."""

import logging
from collections.abc import Mapping
from uuid import UUID

import anyio
import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled

from groundwork.blocks.cures import is_refusal_of_content
from groundwork.deployments.worker.run_process import RunProcess

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
"""How often the worker asks whether one of its runs is to be cancelled."""


async def stop_cancelled(client: PrefectClient, processes: Mapping[UUID, RunProcess]) -> None:
    """Wait a moment, then stop the processes of runs that somebody has cancelled.

    Args:
        client: of the worker.
        processes: the worker's, by flow run; as they are when the answer comes.
    """
    await anyio.sleep(POLL_SECONDS)
    if not processes:
        return
    cancelling = FlowRunFilter(
        id=FlowRunFilterId(any_=[*processes]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CANCELLING])),
    )
    for flow_run in await client.read_flow_runs(flow_run_filter=cancelling):
        if process := processes.get(flow_run.id):
            process.cancel()


async def report_cancelled(client: PrefectClient, flow_run_id: UUID) -> None:
    """Tell Prefect that a run is cancelled, now that its process has ended. What it refuses for good is logged."""
    try:
        await client.set_flow_run_state(flow_run_id, Cancelled(message="Stopped by the worker."), force=True)
    except (ObjectNotFound, httpx.HTTPStatusError) as error:
        if isinstance(error, httpx.HTTPStatusError) and not is_refusal_of_content(error):
            raise
        logger.warning("flow run %s is cancelled, and Prefect does not want to hear of it: %s", flow_run_id, error)
