"""Deliveries of jobs that cannot start, which wait and say why."""

from groundwork.blocks.database import database
from groundwork.blocks.settings import settings
from groundwork.events.inbox.standing import Standing
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


def unstartable(job: str) -> list[Standing]:
    """Deliveries of a job that nothing can run and that have had their last try: the oldest 100."""
    with database().transaction() as connection:
        return [Standing.of(row) for row in connection.execute(_statement("unstartable"), {"job": job})]


def put_off(job: str, reason: str) -> None:
    """Let deliveries of a job that nothing can run give their places up and wait for a later try.

    Their pauses grow up to the claim deadline, so a deployment that comes late, as in a roll-out, still comes in time.
    """
    parameters = {"job": job, "reason": reason, "longest": settings().claim_seconds}
    with database().transaction() as connection:
        connection.execute(_statement("put_off"), parameters)


def note_why_it_waits(job: str, reason: str) -> None:
    """Let the oldest deliveries of a job that is held say why they wait."""
    with database().transaction() as connection:
        connection.execute(_statement("note_why_it_waits"), {"job": job, "reason": reason})
