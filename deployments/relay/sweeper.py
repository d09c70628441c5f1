"""The sweeper: deliveries that nobody claimed in time, and attempts whose lease ran out, get another run or an end."""

import logging
from datetime import UTC, datetime
from typing import Any

import httpx
from prefect.client.schemas.objects import State, StateType
from sqlalchemy import Row
from sqlalchemy.exc import OperationalError

from blocks.database import database
from blocks.settings import settings
from deployments.relay.prefect_api import run_state, start_run, waiting_run, work_pool_type
from deployments.relay.redelivery import give_up, requeue, unclaimed
from events.inbox.statements import inbox_statement

logger = logging.getLogger(__name__)

WARM_START_SECONDS, COLD_START_SECONDS = 10.0, 120.0
_CANCELLED = (StateType.CANCELLED, StateType.CANCELLING)


def sweep() -> int:
    """Look after every overdue delivery once.

    Returns:
        How many there were.

    Raises:
        httpx.HTTPError: Prefect is away; what was not looked after stays overdue.
    """
    with database().transaction() as connection:
        overdue = connection.execute(inbox_statement("overdue")).all()
    for row in overdue:
        try:
            _look_after(row)
        except (httpx.HTTPError, OperationalError):
            raise
        except Exception:
            logger.exception("delivery %s (%s) is overdue, and looking after it failed", row.id, row.job)
    return len(overdue)


def _look_after(row: Row[Any]) -> None:
    if row.state == "admitted":
        _nobody_claimed(row)
    else:
        _run_died(row)


def _nobody_claimed(row: Row[Any]) -> None:
    flow_run_id = row.flow_run_id or waiting_run(row.job, row.id)
    if flow_run_id != row.flow_run_id:
        _execute("run_created", delivery_id=row.id, dispatches=row.dispatches, flow_run_id=flow_run_id)
    state = run_state(flow_run_id) if flow_run_id else None
    if state and _waits_for_a_worker(state):
        _execute("wait_on", delivery_id=row.id, claim_seconds=settings().claim_seconds)
    elif state and state.type in _CANCELLED:
        give_up(row, "cancelled", "The run was cancelled before it started.")
    elif unclaimed(row) >= row.max_attempts:
        give_up(row, "failed", f"{unclaimed(row)} runs were asked for that did not claim the delivery.")
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
    """Start a run by the API, past the automation that did not bring one."""
    dispatches = _execute(
        "start_again", delivery_id=row.id, dispatches=row.dispatches, claim_seconds=settings().claim_seconds
    )
    if dispatches is None:
        return
    flow_run_id = start_run(row.job, row.id, dispatches)
    _execute("run_created", delivery_id=row.id, dispatches=dispatches, flow_run_id=flow_run_id)
    logger.warning("delivery %s (%s) was not claimed in time; started flow run %s", row.id, row.job, flow_run_id)


def _run_died(row: Row[Any]) -> None:
    state = run_state(row.flow_run_id)
    if state and state.type in _CANCELLED:
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
