"""Runs whose process is gone without a word. To Prefect they run for ever, and each holds a slot of the work pool."""

import logging
from datetime import timedelta

from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Crashed

from groundwork.blocks.database import database
from groundwork.blocks.prefect_client import prefect_client
from groundwork.blocks.settings import settings
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.clocks import clocks
from groundwork.deployments.relay.one_by_one import one_by_one
from groundwork.deployments.relay.prefect_api import delivery_of
from groundwork.deployments.relay.sweeper import pending_seconds
from groundwork.events.inbox.hosts import end_host
from groundwork.events.inbox.jobs import known_pools
from groundwork.events.inbox.runs import alive

logger = logging.getLogger(__name__)

MOST = 200
_LEASES = 2
"""Leases without a sign of life after which a run counts as dead: one may be spent waiting for the database."""


def crash_dead_runs() -> int:
    """Tell Prefect of runs that are dead, so that their slots are free again. Runs of other flows are left alone.

    Returns:
        How many there were.

    Raises:
        httpx.HTTPError: Prefect is away.
    """
    grace = _LEASES * settings().lease_seconds
    silent = [run for run in _open_runs() if _is_silent(run, grace)]
    if not silent:
        return 0
    known = alive([run.id for run in silent], grace_seconds=grace)
    dead = [run for run in silent if not known.get(run.id, delivery_of(run) is None)]
    one_by_one(dead, _crash)
    return len(dead)


def _crash(run: FlowRun) -> None:
    with prefect_client() as client:
        client.set_flow_run_state(run.id, Crashed(message="Its process is gone: it holds no lease."))
    end_host(run.id)
    logger.warning("flow run %s (%s) is dead, and crashed in Prefect", run.id, run.name)


def _open_runs() -> list[FlowRun]:
    """The oldest first: dead ones do not go away by themselves."""
    open_states = FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING])
    with database().transaction() as connection:
        pools = sorted({WORK_POOL, *known_pools(connection)})
    with prefect_client() as client:
        return client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=open_states)),
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=pools)),
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
            limit=MOST,
        )


def _is_silent(run: FlowRun, grace: float) -> bool:
    if run.state is None:
        return False
    patience = max(pending_seconds(run.work_pool_name), grace) if run.state.type == StateType.PENDING else grace
    return run.state.timestamp < clocks().prefect_now() - timedelta(seconds=patience)
