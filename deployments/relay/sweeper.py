"""The sweeper: deliveries that nobody claimed in time, and attempts whose lease ran out, get another run or an end."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import ObjectNotFound
from sqlalchemy import Row

from blocks.cures import answer_of, is_refusal_of_content
from blocks.database import database
from blocks.settings import settings
from deployments.relay.one_by_one import one_by_one
from deployments.relay.prefect_api import (
    create_run,
    deployment_of,
    is_cancelled,
    run_state,
    waiting_run,
    work_pool_type,
)
from deployments.relay.prefect_client import prefect_client
from deployments.relay.redelivery import give_up, note_run, requeue, requeue_or_give_up, unclaimed
from deployments.relay.wiring import without_deployment
from events.inbox.statements import inbox_statement
from flows.registry import jobs

logger = logging.getLogger(__name__)

WARM_START_SECONDS, COLD_START_SECONDS = 10.0, 120.0


def sweep() -> int:
    """Look after every overdue delivery once.

    Returns:
        How many there were.

    Raises:
        httpx.HTTPError: Prefect is away; what was not looked after stays overdue.
        Exception: looking after a delivery failed; the others were looked after.
    """
    with database().transaction() as connection:
        overdue = connection.execute(inbox_statement("overdue")).all()
    one_by_one(overdue, _look_after, _look_again_later)
    return len(overdue)


def _look_again_later(row: Row[Any]) -> None:
    """It keeps no other waiting: only so many are looked after at once, the most overdue first."""
    _execute("look_again_later", delivery_id=row.id, state=row.state, seconds=settings().claim_seconds)


def _look_after(row: Row[Any]) -> None:
    if row.state == "admitted":
        _nobody_claimed(row)
    else:
        _run_died(row)


def _nobody_claimed(row: Row[Any]) -> None:
    flow_run_id = row.flow_run_id or waiting_run(row.job, row.id)
    if flow_run_id is not None and flow_run_id != row.flow_run_id:
        note_run(row.id, row.dispatches, flow_run_id)
    state = run_state(flow_run_id) if flow_run_id else None
    if state and _waits_for_a_worker(state):
        _execute("wait_on", delivery_id=row.id, claim_seconds=settings().claim_seconds)
    elif flow_run_id and state and is_cancelled(flow_run_id, state):
        give_up(row, "cancelled", "The run was cancelled before it started.")
    elif unclaimed(row) >= row.max_attempts:
        last = f" The last error: {row.last_error}" if row.last_error else ""
        give_up(row, "failed", f"{unclaimed(row)} runs were asked for that did not claim the delivery.{last}")
    else:
        _start_again(row)


def _waits_for_a_worker(state: State) -> bool:
    if state.type == StateType.PENDING:
        return (datetime.now(UTC) - state.timestamp).total_seconds() < pending_seconds()
    return state.type == StateType.SCHEDULED


def pending_seconds() -> float:
    """How long a run may be pending, which is the start of its process or its container. A worker that dies as it
    starts a run leaves it pending for ever."""
    return WARM_START_SECONDS if work_pool_type() == "groundwork" else COLD_START_SECONDS


def _start_again(row: Row[Any]) -> None:
    """Start a run by the API, past the automation that brought none. Where that cannot be, its place is free again."""
    try:
        deployment_id = deployment_of(row.job)
    except ObjectNotFound:
        with prefect_client() as client:
            reason = without_deployment(client, row.job, jobs().get(row.job))
        requeue_or_give_up(row, reason, tries=unclaimed(row))
        return
    dispatches = _execute(
        "start_again", delivery_id=row.id, dispatches=row.dispatches, claim_seconds=settings().claim_seconds
    )
    if dispatches is None:
        return
    try:
        flow_run_id = create_run(deployment_id, row.id, dispatches)
    except httpx.HTTPStatusError as error:
        if not is_refusal_of_content(error):
            raise
        reason = f"Prefect refuses to make a run: {answer_of(error)}"
        for now in _rows("refused", delivery_id=row.id):
            requeue_or_give_up(now, reason, tries=unclaimed(now), at_once=True)
        return
    note_run(row.id, dispatches, flow_run_id)
    logger.warning("delivery %s (%s) was not claimed in time; started flow run %s", row.id, row.job, flow_run_id)


def _run_died(row: Row[Any]) -> None:
    state = run_state(row.flow_run_id)
    if state and is_cancelled(row.flow_run_id, state):
        give_up(row, "cancelled", "The run was cancelled while it ran.")
        return
    reason = (
        f"Attempt {row.attempt} stopped renewing its lease at {row.lease_expires_at:%Y-%m-%d %H:%M:%S %Z}: "
        f"the process of flow run {row.flow_run_id} died, or lost the database."
    )
    if row.attempt >= row.max_attempts:
        give_up(row, "failed", f"{reason} It was the last of {row.max_attempts} attempts.")
    else:
        requeue(row, reason, tries=row.attempt)


def _execute(name: str, **parameters: Any) -> Any:
    """Run one statement in its own transaction; its first value, or None where it changed nothing."""
    with database().transaction() as connection:
        result = connection.execute(inbox_statement(name), parameters)
        return result.scalar() if result.returns_rows else None


def _rows(name: str, **parameters: Any) -> Sequence[Row[Any]]:
    with database().transaction() as connection:
        return connection.execute(inbox_statement(name), parameters).all()
