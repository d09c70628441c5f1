"""Who has a delivery."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.schema.states import DeliveryState
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


@dataclass(frozen=True, slots=True)
class Holder:
    """How a delivery stands, for a run that may not claim or settle it."""

    state: DeliveryState
    attempt: int
    flow_run_id: UUID | None

    def __str__(self) -> str:
        return f"it is {self.state}" + (f", held by flow run {self.flow_run_id}" if self.flow_run_id else "")


def holder(connection: Connection, delivery_id: UUID) -> Holder | None:
    """Who has a delivery; None where the inbox has no such delivery."""
    row = connection.execute(_statement("holder"), {"delivery_id": delivery_id}).one_or_none()
    return None if row is None else Holder(DeliveryState(row.state), row.attempt, row.flow_run_id)


def holder_in_words(delivery_id: UUID) -> str:
    """Who has a delivery that could not be claimed."""
    with database().transaction() as connection:
        return str(holder(connection, delivery_id) or "the inbox has no such delivery")


def was_cancelled(connection: Connection, delivery_id: UUID) -> bool:
    """Whether a delivery ended as cancelled."""
    found = holder(connection, delivery_id)
    return found is not None and found.state is DeliveryState.CANCELLED
