"""Runs that Prefect saw end while their delivery was in flight. Noticed here, they need not wait for a deadline."""

from datetime import UTC, datetime, timedelta
from typing import Any

from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from sqlalchemy import Row

from blocks.database import database
from deployments.relay.one_by_one import one_by_one
from deployments.relay.prefect_api import delivery_of, is_cancelled
from deployments.relay.prefect_client import prefect_client
from deployments.relay.redelivery import give_up, requeue, unclaimed
from events.inbox.statements import inbox_statement
from flows.registry import jobs

LOOK_BACK = timedelta(seconds=60)
"""How long ago a run may have ended. What is missed meanwhile, the sweeper finds at its deadline."""
MOST = 200


def look_after_ended_runs() -> int:
    """Redeliver what ended runs left in flight, by one request to Prefect, and by none where nothing is in flight.

    Returns:
        How many deliveries there were.

    Raises:
        httpx.HTTPError: Prefect is away.
        Exception: looking after a delivery failed; the others were looked after.
    """
    with database().transaction() as connection:
        if not connection.execute(inbox_statement("anything_in_flight")).scalar():
            return 0
    runs = {run.id: run for run in _ended_runs()}
    asked = [(run.id, delivery_id, run.created) for run in runs.values() if (delivery_id := delivery_of(run))]
    if not asked:
        return 0
    run_ids, delivery_ids, created_at = zip(*asked, strict=True)
    with database().transaction() as connection:
        rows = connection.execute(
            inbox_statement("in_flight_of_runs"),
            {"run_ids": list(run_ids), "delivery_ids": list(delivery_ids), "created_at": list(created_at)},
        ).all()
    one_by_one(rows, lambda row: _look_after(row, runs[row.flow_run_id]))
    return len(rows)


def _ended_runs() -> list[FlowRun]:
    ended_badly = FlowRunFilter(
        state=FlowRunFilterState(
            type=FlowRunFilterStateType(any_=[StateType.CRASHED, StateType.FAILED, StateType.CANCELLED])
        ),
        end_time=FlowRunFilterEndTime(after_=datetime.now(UTC) - LOOK_BACK),
    )
    with prefect_client() as client:
        return client.read_flow_runs(flow_run_filter=ended_badly, sort=FlowRunSort.END_TIME_DESC, limit=MOST)


def _look_after(row: Row[Any], run: FlowRun) -> None:
    if run.state is None:
        return
    if is_cancelled(run.id, run.state):
        when = "before it started" if row.state == "admitted" else "while it ran"
        give_up(row, "cancelled", f"The run was cancelled {when}.", at_once=True)
    elif row.state == "admitted":
        _redeliver(row, f"Flow run {run.id} ended before it claimed the delivery", run, tries=unclaimed(row))
    else:
        # A job settles before its run ends: one that has not, was interrupted.
        _redeliver(row, f"Attempt {row.attempt}: flow run {run.id} was interrupted", run, tries=row.attempt)


def _redeliver(row: Row[Any], what: str, run: FlowRun, *, tries: int) -> None:
    message = run.state.message if run.state and run.state.message else "Prefect knows no reason"
    reason = f"{what}: {message.rstrip('.')}."
    if row.job not in jobs():
        reason += (
            f" No code of job {row.job} is here: it was removed, or its module is not loaded (GROUNDWORK_PRELOAD)."
        )
    if tries >= row.max_attempts:
        give_up(row, "failed", f"{reason} It was the last of {row.max_attempts} attempts.", at_once=True)
    else:
        requeue(row, reason, tries=tries, at_once=True)
