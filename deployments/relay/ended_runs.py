"""Runs that Prefect saw end while their delivery was in flight. Noticed here, they need not wait for a deadline."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort

from groundwork.blocks.prefect_client import prefect_client
from groundwork.deployments.clocks import clocks
from groundwork.deployments.relay.decision import of_ended_run
from groundwork.deployments.relay.one_by_one import one_by_one
from groundwork.deployments.relay.prefect_api import delivery_of, is_cancelled
from groundwork.deployments.relay.redelivery import carry_out
from groundwork.events.inbox.hosts import end_hosts
from groundwork.events.inbox.runs import EndedRun, anything_in_flight, in_flight_of
from groundwork.events.inbox.standing import Standing
from groundwork.flows.registry import jobs

LOOK_BACK = timedelta(seconds=60)
"""How long ago a run may have ended. What is missed meanwhile, the sweeper finds at its deadline."""
MOST = 200


def redeliver_ended_runs() -> int:
    """Redeliver what ended runs left in flight, by one request to Prefect, and by none where nothing is in flight.

    Returns:
        How many deliveries there were.

    Raises:
        httpx.HTTPError: Prefect is away.
        Exception: one delivery failed; the others were decided on.
    """
    if not anything_in_flight():
        return 0
    runs = {run.id: run for run in _ended_runs()}
    ended = [EndedRun(run.id, delivery_id, run.created) for run in runs.values() if (delivery_id := delivery_of(run))]
    if not ended:
        return 0
    end_hosts(ended)
    deliveries = in_flight_of(ended)
    one_by_one(deliveries, lambda each: _decide_on(each, runs))
    return len(deliveries)


def _ended_runs() -> list[FlowRun]:
    ended_badly = FlowRunFilter(
        state=FlowRunFilterState(
            type=FlowRunFilterStateType(any_=[StateType.CRASHED, StateType.FAILED, StateType.CANCELLED])
        ),
        end_time=FlowRunFilterEndTime(after_=clocks().prefect_now() - LOOK_BACK),
    )
    with prefect_client() as client:
        return client.read_flow_runs(flow_run_filter=ended_badly, sort=FlowRunSort.END_TIME_DESC, limit=MOST)


def _decide_on(delivery: Standing, runs: Mapping[UUID, FlowRun]) -> None:
    assert delivery.flow_run_id is not None, "in_flight_of() gives each the run that it was found by"
    run = runs[delivery.flow_run_id]
    if run.state is None:
        return
    cancelled = is_cancelled(run.id, run.state)
    decision = of_ended_run(delivery, run.state, cancelled=cancelled, known_job=delivery.job in jobs())
    carry_out(delivery, decision, at_once=True)
