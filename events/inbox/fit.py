"""Stored events beside the types of the code: what the jobs will read, and what they cannot."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

_AT_ONCE = 500
"""Deliveries in memory at a time."""


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """A delivery that a run may have to read.

    Attributes:
        id: of the delivery.
        data: the event's, in wire form.
    """

    id: UUID
    job: str
    event_id: UUID
    event_name: str
    workspace_id: str
    data: Any


def stored_deliveries(connection: Connection, *, dead: bool = False) -> Iterator[StoredDelivery]:
    """Every delivery that has not ended, with its event, however many there are: they are read as they are asked for.

    Args:
        connection: a transaction, which is open until the last was read.
        dead: dead letters too, which somebody may replay.
    """
    streamed = {"yield_per": _AT_ONCE}
    rows = connection.execute(_statement("stored_deliveries"), {"dead": dead}, execution_options=streamed)
    for row in rows.mappings():
        yield StoredDelivery(**row)
