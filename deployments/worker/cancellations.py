"""Runs that somebody cancels or deletes: their processes are stopped, and Prefect is told that they are over."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

import anyio
import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled

from groundwork.blocks.cures import is_refusal_of_content
from groundwork.deployments.relay.prefect_api import deleted_runs
from groundwork.deployments.worker.run_process import RunProcess

logger = logging.getLogger(__name__)

_CANCELLING = StateType.CANCELLING

POLL_SECONDS = 2.0
"""How often the worker asks whether one of its runs is to be cancelled, or was deleted."""


async def stop_cancelled(client: PrefectClient, processes: Mapping[UUID, RunProcess]) -> None:
    """Wait a moment, then stop the processes of runs that somebody has cancelled or deleted.

    Args:
        client: of the worker.
        processes: the worker's, by flow run; as they are when the answer comes.
    """
    await anyio.sleep(POLL_SECONDS)
    asked = [*processes]
    if not asked or await client.count_flow_runs(flow_run_filter=_among(asked, not_any_=[_CANCELLING])) == len(asked):
        return
    for flow_run in await client.read_flow_runs(flow_run_filter=_among(asked, any_=[_CANCELLING])):
        if process := processes.get(flow_run.id):
            process.cancel()
    for flow_run_id in await asyncio.to_thread(deleted_runs, asked):
        process = processes.get(flow_run_id)
        if process is not None and not process.cancelled:
            logger.warning("flow run %s was deleted in Prefect: its process is stopped", flow_run_id)
            process.cancel()


def _among(flow_run_ids: Sequence[UUID], **state_types: Sequence[StateType]) -> FlowRunFilter:
    """Those of some runs whose states are of such types."""
    return FlowRunFilter(
        id=FlowRunFilterId(any_=list(flow_run_ids)),
        state=FlowRunFilterState(type=FlowRunFilterStateType.model_validate(state_types)),
    )


async def report_cancelled(client: PrefectClient, flow_run_id: UUID) -> None:
    """Tell Prefect that a run is cancelled, now that its process has ended. What it refuses for good is logged."""
    try:
        await client.set_flow_run_state(flow_run_id, Cancelled(message="Stopped by the worker."), force=True)
    except ObjectNotFound:
        # It was deleted.
        return
    except httpx.HTTPStatusError as error:
        if not is_refusal_of_content(error):
            raise
        logger.warning("flow run %s is cancelled, and Prefect does not want to hear of it: %s", flow_run_id, error)
