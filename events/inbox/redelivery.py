"""What becomes of a delivery that no run will end: another run, its lane again, or an end."""

from collections.abc import Sequence
from uuid import UUID

from groundwork.blocks.database import database
from groundwork.blocks.schema.states import DeliveryState
from groundwork.blocks.settings import settings
from groundwork.blocks.storable import storable_text
from groundwork.events.inbox.admission import Admitted
from groundwork.events.inbox.delivered import Delivered
from groundwork.events.inbox.failures import record_failures
from groundwork.events.inbox.standing import Standing
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.wake import wake_relay

_statement = statements_of(__file__)

LONGEST_DELAY = 60.0
"""Seconds between two attempts at most; the first comes at once, then 2, 4, 8, …"""


def overdue() -> list[Standing]:
    """Deliveries that nobody claimed in time, and attempts that let their lease run out: the most overdue 100."""
    with database().transaction() as connection:
        return [Standing.of(row) for row in connection.execute(_statement("overdue"))]


def requeue(delivery: Standing, reason: str, *, tries: int, at_once: bool = False, died: bool = False) -> bool:
    """Queue a delivery again, and all of its batch.

    Args:
        reason: recorded as its last error.
        tries: how many there were; the delay grows with it.
        at_once: its run is known to be dead, so that its lease need not run out first.
        died: its run died with it, perhaps of it. A light delivery is run alone after the second time.

    Returns:
        Whether it stood there still.
    """
    delay = 0.0 if tries <= 1 else min(2.0 ** (tries - 1), LONGEST_DELAY)
    parameters = delivery.fence | {"reason": storable_text(reason), "delay_seconds": delay, "at_once": at_once}
    parameters["died"] = died
    with database().transaction() as connection:
        queued = connection.execute(_statement("requeue"), parameters).all()
        wake_relay(connection)
    return bool(queued)


def end(delivery: Standing, outcome: str, reason: str, *, at_once: bool = False) -> Sequence[Delivered]:
    """End a delivery, and all of its batch; jobs that listen to such failures are sent them in the same transaction.

    Args:
        outcome: ``failed`` or ``cancelled``.
        reason: recorded as its last error.
        at_once: its run is known to be dead, so that its lease need not run out first.

    Returns:
        What has ended, the delivery first; empty where it stood there no longer.
    """
    parameters = delivery.fence | {"outcome": outcome, "reason": storable_text(reason), "at_once": at_once}
    with database().transaction() as connection:
        ended = [Delivered(**row) for row in connection.execute(_statement("end_delivery"), parameters).mappings()]
        if outcome == DeliveryState.FAILED:
            record_failures(connection, [each.id for each in ended])
        wake_relay(connection)
    return ended


def start_again(delivery: Standing) -> int | None:
    """Count another dispatch of a delivery that nobody claimed, and give it its time to be claimed.

    Returns:
        The number of the dispatch; None where somebody else has moved the delivery.
    """
    with database().transaction() as connection:
        parameters = {
            "delivery_id": delivery.id,
            "dispatches": delivery.dispatches,
            "claim_seconds": settings().claim_seconds,
        }
        return connection.execute(_statement("start_again"), parameters).scalar()


def wait_on(delivery: Standing) -> None:
    """Give a run that was asked for and still waits for a worker more time."""
    with database().transaction() as connection:
        parameters = {"delivery_id": delivery.id, "claim_seconds": settings().claim_seconds}
        connection.execute(_statement("wait_on"), parameters)


def look_again_later(delivery: Standing) -> None:
    """Let a delivery that could not be looked after wait for its next turn, so that it keeps no other waiting."""
    with database().transaction() as connection:
        parameters = {"delivery_id": delivery.id, "state": delivery.state, "seconds": settings().claim_seconds}
        connection.execute(_statement("look_again_later"), parameters)


def still_admitted(delivery: Admitted | Standing) -> Standing | None:
    """Where a delivery stands that Prefect wants to hear nothing of; None where it is admitted no longer."""
    with database().transaction() as connection:
        row = connection.execute(_statement("still_admitted"), {"delivery_id": delivery.id}).one_or_none()
    return None if row is None else Standing.of(row)


def give_back(delivery_id: UUID, attempt: int, reason: str, *, died: bool = False) -> Sequence[Delivered]:
    """Queue a delivery again that its host does not bring to an end, and all of its batch; or end it, if it has no
    attempt left. Nothing happens where the attempt has ended it, or has it no longer.

    Args:
        attempt: the number of the host's attempt.
        reason: a sentence, recorded as its last error.
        died: the host ends because of it. It is run alone after the second time.

    Returns:
        What has ended, the delivery first; empty where it has another attempt.
    """
    with database().transaction() as connection:
        row = connection.execute(
            _statement("still_running"), {"delivery_id": delivery_id, "attempt": attempt}
        ).one_or_none()
    if row is None:
        return ()
    delivery = Standing.of(row)
    if delivery.attempts_used >= delivery.max_attempts:
        last = f"{reason} It was the last of {delivery.max_attempts} attempts."
        return end(delivery, DeliveryState.FAILED, last, at_once=True)
    requeue(delivery, reason, tries=delivery.attempts_used, at_once=True, died=died)
    return ()
