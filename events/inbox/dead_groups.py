"""Dead letters by job and error, as an operator works through them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

LOOKED_AT = 1_000
"""Dead letters of each job that are grouped, the last ones."""
MOST_AT_ONCE = 10_000
"""Dead letters of a group that are replayed or discarded together. Too high: one transaction holds many rows."""
_MOST_GROUPS = 100


@dataclass(frozen=True, slots=True)
class DeadGroup:
    """Dead letters of a job whose errors begin alike.

    Attributes:
        error: the first line of their errors, with # for ids and numbers.
        key: names the error in a form.
        number: how many, of the last 1,000 of the job.
        workspaces: how many have one.
        last_event_id: the event of the last one.
    """

    job: str
    error: str
    key: str
    number: int
    workspaces: int
    first_at: datetime
    last_at: datetime
    last_event_id: UUID


def dead_groups(connection: Connection, *, workspace_id: str | None = None) -> list[DeadGroup]:
    """Groups of dead letters, the one with the latest death first; 100 at most."""
    parameters = {"workspace_id": workspace_id, "look": LOOKED_AT, "most": _MOST_GROUPS}
    return [DeadGroup(**row) for row in connection.execute(_statement("dead_groups"), parameters).mappings()]


def dead_of_group(connection: Connection, job: str, key: str, until: datetime) -> list[UUID]:
    """Deliveries of a group that had died by a time; the last 10,000."""
    parameters = {"job": job, "key": key, "until": until, "most": MOST_AT_ONCE}
    return list(connection.execute(_statement("dead_of_group"), parameters).scalars())
