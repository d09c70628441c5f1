"""Which deliveries may run now."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from groundwork.blocks.database import database
from groundwork.blocks.settings import settings
from groundwork.events.inbox.queue import bring_up_to_date, what_is_due
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)
_admit_without_limits = text(re.sub(r"/\* of limits: \*/.*?/\* end \*/", "", _statement("admit").text, flags=re.DOTALL))

LANES_AT_ONCE = 256
"""Lanes of a job that one admission looks at, some 40 µs each."""
_TIDY = ("tidy_shares", "tidy_throttles", "tidy_rates", "tidy_idempotency")


@dataclass(frozen=True, slots=True)
class Admitted:
    """A delivery that may run now; of a batch the first.

    Attributes:
        dispatches: runs asked for so far, this one included.
    """

    id: UUID
    job: str
    workspace_id: str
    dispatches: int
    event_id: UUID
    event_name: str
    causation_id: UUID | None
    correlation_id: UUID


def admit(capacity: int, held: Sequence[str] = ()) -> list[Admitted]:
    """Admit what lanes and workers have room for, oldest first within a lane.

    Args:
        capacity: runs the workers may hold at once, those in flight included.
        held: jobs that cannot start.

    Returns:
        The admitted deliveries, of a batch the first, in order of acceptance; each has until its claim deadline to be
        claimed.
    """
    with database().transaction() as connection:
        hold_admission(connection)
        due = what_is_due(connection)
        bring_up_to_date(connection, due)
        return admit_within(connection, capacity, held, limits=due.limits)


def admit_within(
    connection: Connection, capacity: int, held: Sequence[str] = (), *, limits: bool = True
) -> list[Admitted]:
    """Admit in the caller's transaction, which holds the admission; otherwise like :func:`admit`.

    Args:
        limits: whether a job has limits beyond its lane. False, where that is known, spares what they cost.
    """
    rows = connection.execute(
        _statement("admit") if limits else _admit_without_limits,
        {
            "capacity": capacity,
            "held": list(held),
            "share": settings().interactive_share,
            "claim_seconds": settings().claim_seconds,
            "lanes": LANES_AT_ONCE,
            **_giving_way(),
        },
    ).all()
    return [
        Admitted(
            row.id,
            row.job,
            row.workspace_id,
            row.dispatches,
            row.event_id,
            row.event_name,
            row.causation_id,
            row.correlation_id,
        )
        for row in sorted(rows, key=lambda row: row.sequence)
    ]


def hold_admission(connection: Connection) -> None:
    """Let nobody else admit until the caller's transaction ends."""
    connection.execute(_statement("admission_lock"))


def seconds_until_next() -> float | None:
    """When to look again though nothing is written to the inbox: a start in the future, or a batch that fills up."""
    with database().transaction() as connection:
        seconds = connection.execute(_statement("next_look"), _giving_way()).scalar()
    return None if seconds is None else float(seconds)


def note_posted(admitted: Sequence[Admitted]) -> None:
    """Record that Prefect has the events of these deliveries; only now their time to be claimed begins."""
    with database().transaction() as connection:
        connection.execute(
            _statement("posted"),
            {"delivery_ids": [each.id for each in admitted], "claim_seconds": settings().claim_seconds},
        )


def tidy() -> None:
    """Forget what admission kept count of and does not need any more."""
    with database().transaction() as connection:
        for name in _TIDY:
            connection.execute(_statement(name))


def _giving_way() -> dict[str, float]:
    return {
        "give_way_seconds": settings().give_way_seconds,
        "bulk_start_seconds": settings().bulk_start_seconds,
    }
