"""Steps whose next try is far off: their delivery waits, and what they have used up is remembered."""

from dataclasses import dataclass
from datetime import datetime

from groundwork.blocks.database import database
from groundwork.blocks.errors import PutOff, Suspended
from groundwork.blocks.retry import while_database_restarts
from groundwork.blocks.settings import settings
from groundwork.blocks.storable import storable_text
from groundwork.events.inbox.attempt import Attempt
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.wait import suspend

_statement = statements_of(__file__)


@dataclass(frozen=True, slots=True)
class EarlierTries:
    """The tries of a step in earlier runs of a delivery.

    Attributes:
        tries: that count against its retries.
        since: when it was put off first.
    """

    tries: int
    since: datetime


def earlier_tries(attempt: Attempt, work: str) -> EarlierTries | None:
    """The tries of a piece of work in earlier runs; None where it has not been put off."""
    if attempt.token == 1:
        return None
    with database().transaction() as connection:
        parameters = {"delivery_id": attempt.delivery_id, "work": work}
        row = connection.execute(_statement("earlier_tries"), parameters).one_or_none()
    return None if row is None else EarlierTries(row.tries, row.since)


def put_off(attempt: Attempt, step: PutOff) -> Suspended:
    """Let the delivery wait for the next try of a step.

    Returns:
        What ends the run: raise it.

    Raises:
        StaleAttempt: a later attempt has the delivery.
    """
    attempt.keep_steps()
    parameters = {
        "delivery_id": attempt.delivery_id,
        "attempt": attempt.token,
        "work": step.work,
        "tries": step.tries,
        "seconds": step.seconds,
        "reason": storable_text(step.reason),
        "blockage": step.blockage,
    }
    for trial in while_database_restarts(settings().lease_seconds):
        with trial, database().transaction() as connection:
            until = connection.execute(_statement("put_off"), parameters).scalar_one()
            suspended = suspend(connection, attempt, until, f"{step.step}: its next try")
    attempt.end_lease()
    return suspended
