"""Dead letters: deliveries that have failed for good, until somebody replays them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.events.inbox.jobs import check_job
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.wake import wake_relay

_statement = statements_of(__file__)


class DeadLetter(BaseModel):
    """A delivery that has failed for good.

    Attributes:
        id: of the delivery.
        attempt: runs that claimed it.
        flow_run_id: the last run; None where no run ever claimed it.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, from_attributes=True)

    id: UUID
    job: str
    workspace_id: str
    event_id: UUID
    event_name: str
    died_at: datetime
    attempt: int
    last_error: str | None
    flow_run_id: UUID | None


@dataclass(frozen=True, slots=True)
class Death:
    """The end of a delivery that has failed for good, without what may quote a person's data.

    Attributes:
        id: of the delivery.
        attempt: runs that claimed it.
        flow_run_id: the last run; None where no run ever claimed it.
    """

    id: UUID
    job: str
    workspace_id: str
    event_id: UUID
    correlation_id: UUID
    died_at: datetime
    attempt: int
    flow_run_id: UUID | None


def dead_letters(
    connection: Connection,
    *,
    ids: Sequence[UUID] = (),
    job: str | None = None,
    workspace_id: str | None = None,
    since: datetime | None = None,
    most: int | None = None,
) -> list[DeadLetter]:
    """Dead letters that fit every condition, the latest first.

    Args:
        ids: of deliveries or of events; empty for any.
        since: when they died, at the earliest.
        most: how many at most; None for all.

    Raises:
        UnknownName: there is no such job.
    """
    check_job(connection, job)
    rows = connection.execute(
        _statement("dead_letters"),
        {"ids": list(ids) or None, "job": job, "workspace_id": workspace_id, "since": since, "most": most},
    )
    return [DeadLetter.model_validate(row) for row in rows]


def replay(connection: Connection, letters: Sequence[DeadLetter]) -> list[UUID]:
    """Queue dead letters again, behind what their lanes hold now and among themselves in their old order.

    Each gets as many further attempts as its job allows, and keeps its last error until it ends anew. It is the same
    delivery: steps that were done are skipped, and effects in the ledger are not repeated.

    Returns:
        The ids of the deliveries that were queued; one that somebody else has replayed meanwhile is not among them.
    """
    return replay_deliveries(connection, [each.id for each in letters])


def replay_deliveries(connection: Connection, ids: Sequence[UUID]) -> list[UUID]:
    """:func:`replay`, by the ids of the deliveries; what is no dead letter any more is left out."""
    queued = connection.execute(_statement("replay"), {"ids": list(ids)}).scalars().all()
    wake_relay(connection)
    return list(queued)


def discard(connection: Connection, ids: Sequence[UUID], by: str) -> list[UUID]:
    """Give dead letters up: they end as cancelled, and keep their errors.

    Args:
        ids: of deliveries.
        by: who decides so, for their errors.

    Returns:
        The ids of the deliveries that were given up; one that somebody else has decided about is not among them.
    """
    return list(connection.execute(_statement("discard"), {"ids": list(ids), "by": by}).scalars())


def dead_of_event(connection: Connection, event_id: UUID) -> list[UUID]:
    """The deliveries of an event that have failed for good."""
    return list(connection.execute(_statement("dead_of_event"), {"event_id": event_id}).scalars())


def deaths_to_post() -> list[Death]:
    """Deaths that Prefect has no event of yet, the oldest 200."""
    with database().transaction() as connection:
        return [Death(**row) for row in connection.execute(_statement("deaths_to_post")).mappings()]


def note_deaths_posted(deaths: Sequence[Death]) -> None:
    """Note that Prefect has the events of these deaths; a later death of the same delivery is another one."""
    with database().transaction() as connection:
        connection.execute(
            _statement("deaths_posted"),
            {"ids": [each.id for each in deaths], "died_at": [each.died_at for each in deaths]},
        )


def deaths_to_mail(connection: Connection) -> list[DeadLetter]:
    """Dead letters that the operators were not told of yet, in the order of their deaths, with the first 2,000
    characters of their errors."""
    return [DeadLetter.model_validate(row) for row in connection.execute(_statement("deaths_to_mail"))]


def note_mailed(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """Note that the operators were told of these deaths; a later death of the same delivery is another one."""
    connection.execute(
        _statement("deaths_mailed"),
        {"ids": [each.id for each in letters], "died_at": [each.died_at for each in letters]},
    )
