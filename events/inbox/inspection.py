"""One event, as somebody looks at it who wants to know all of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

MOST_IN_CHAIN = 200
MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it is stored.

    Attributes:
        source: name of the key, or of the run, that sent it.
        dedupe_id: the sender's id, or our own where it gave none.
        sent_id: the sender's id, one for all names.
        correlation_id: the first event of the chain.
        causation_id: the event whose job sent this one.
        depth: events before it in its chain.
    """

    id: UUID
    name: str
    workspace_id: str
    user_id: str | None
    data: Any
    source: str
    dedupe_id: str
    sent_id: str | None
    accepted_at: datetime
    occurred_at: datetime
    correlation_id: UUID
    causation_id: UUID | None
    depth: int


@dataclass(frozen=True, slots=True)
class KeptStep:
    """A step whose result is kept in the database.

    Attributes:
        key: what it worked on, such as a chunk's number; empty for steps of light runs.
        seconds: how long it took; None for steps of ordinary runs, whose times Prefect has.
        bytes: of its result; None where the result is in the blob store, or nowhere.
    """

    job: str
    attempt: int
    step: str
    key: str
    ended_at: datetime
    seconds: float | None
    tries: int
    error: str | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class ChainedEvent:
    """An event of a chain."""

    id: UUID
    name: str
    workspace_id: str
    accepted_at: datetime
    causation_id: UUID | None


def stored_event(connection: Connection, event_id: UUID) -> StoredEvent | None:
    """The event with its data, or None where there is none."""
    row = connection.execute(_statement("event_data"), {"id": event_id}).mappings().one_or_none()
    return StoredEvent(**row) if row else None


def kept_steps(connection: Connection, event_id: UUID) -> list[KeptStep]:
    """Steps of an event's deliveries in the order in which they ended; the last 200."""
    rows = connection.execute(_statement("sizes"), {"id": event_id, "most": MOST_STEPS}).mappings()
    return [KeptStep(**row) for row in rows][::-1]


def chain_of(connection: Connection, correlation_id: UUID) -> list[ChainedEvent]:
    """Events of a chain in the order in which they were accepted; the first 200."""
    parameters = {"correlation_id": correlation_id, "most": MOST_IN_CHAIN}
    return [ChainedEvent(**row) for row in connection.execute(_statement("chain"), parameters).mappings()]
