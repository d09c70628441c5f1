"""What becomes of a delivery whose run is dead: it is queued again, or it ends."""

import logging
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from blocks.database import database
from blocks.errors import DeliveryDied
from events.inbox import Attempt
from events.inbox.statements import inbox_statement
from flows.registry import tell_of_failure

logger = logging.getLogger(__name__)

LONGEST_DELAY = 60.0
"""Seconds between two attempts at most; the first comes at once, then 2, 4, 8, …"""


def requeue(row: Row[Any], reason: str, *, tries: int, at_once: bool = False) -> None:
    """Queue a delivery again, and all of its batch.

    Args:
        row: the delivery as it was read; nothing happens if it has moved since.
        reason: recorded as its last error.
        tries: how many there were; the delay grows with it.
        at_once: its run is known to be dead, so that its lease need not run out first.
    """
    delay = 0.0 if tries <= 1 else min(2.0 ** (tries - 1), LONGEST_DELAY)
    with database().transaction() as connection:
        parameters = place(row) | {"reason": reason, "delay_seconds": delay, "at_once": at_once}
        queued = connection.execute(inbox_statement("requeue"), parameters).all()
        connection.execute(inbox_statement("wake_relay"))
    if queued:
        logger.warning("delivery %s (%s): %s It is queued again.", row.id, row.job, reason.partition("\n")[0])


def give_up(row: Row[Any], outcome: str, reason: str, *, at_once: bool = False) -> None:
    """End a delivery, and all of its batch, and let its job tidy up as it would have itself.

    Args:
        row: the delivery as it was read; nothing happens if it has moved since.
        outcome: ``failed`` or ``cancelled``.
        reason: recorded as its last error.
        at_once: its run is known to be dead, so that its lease need not run out first.
    """
    with database().transaction() as connection:
        parameters = place(row) | {"outcome": outcome, "reason": reason, "at_once": at_once}
        ended = connection.execute(inbox_statement("give_up"), parameters).all()
        connection.execute(inbox_statement("wake_relay"))
    if ended:
        logger.error("delivery %s (%s) %s: %s", row.id, row.job, outcome, reason.partition("\n")[0])
        try:
            tell_of_failure(Attempt.of(ended), DeliveryDied(reason))
        except Exception as error:
            # Its job or its event type may be gone from the code. The delivery has ended all the same.
            logger.error("delivery %s (%s) has ended, and its job could not tidy up: %s", row.id, row.job, error)


def requeue_or_give_up(row: Row[Any], reason: str, *, tries: int, at_once: bool = False) -> None:
    """Queue a delivery again for a further try, or end it with the reason where it was the last.

    Args:
        row, reason, tries, at_once: as for :func:`requeue`.
    """
    if tries >= row.max_attempts:
        last = "" if tries <= 1 else f" It was the last of {row.max_attempts} tries."
        give_up(row, "failed", f"{reason.rstrip('.')}.{last}", at_once=at_once)
    else:
        requeue(row, f"{reason.rstrip('.')}.", tries=tries, at_once=at_once)


def note_run(delivery_id: UUID, dispatches: int, flow_run_id: UUID) -> None:
    """Remember the run that a dispatch asked for, so that the sweeper can see how it fares."""
    with database().transaction() as connection:
        connection.execute(
            inbox_statement("run_created"),
            {"delivery_id": delivery_id, "dispatches": dispatches, "flow_run_id": flow_run_id},
        )


def unclaimed(row: Row[Any]) -> int:
    """Runs that were asked for and did not claim the delivery; attempts have a count of their own."""
    return max(int(row.dispatches) - int(row.attempt), 0)


def place(row: Row[Any]) -> dict[str, Any]:
    """Where a delivery stood when it was read."""
    return {"delivery_id": row.id, "state": row.state, "attempt": row.attempt, "dispatches": row.dispatches}
