"""What tests ask of the inbox and nobody else does: only the test kit imports this module."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.schema.states import ENDED, DeliveryState
from groundwork.blocks.settings import settings
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as the inbox has it.

    Attributes:
        data: wire form.
    """

    id: UUID
    name: str
    data: dict[str, Any]
    source: str


@dataclass(frozen=True, slots=True)
class KnownDelivery:
    """A delivery with its event, as the inbox has them.

    Attributes:
        attempt: runs that claimed it.
        data: the event's, in wire form.
        cause: name of the event whose job sent this one; None where no job did.
        waiting_for: what its job waits for, in words; None where it does not.
    """

    id: UUID
    event_id: UUID
    job: str
    state: DeliveryState
    result: Any
    last_error: str | None
    attempt: int
    event_name: str
    data: dict[str, Any]
    workspace_id: str
    cause: str | None
    waiting_for: str | None

    @property
    def ended(self) -> bool:
        """Whether no run will change it any more."""
        return self.state in ENDED


def admit_at_once(connection: Connection, delivery_id: UUID) -> bool:
    """Admit one delivery past its lane, its pause and whatever time it waits for.

    Returns:
        Whether it waited.
    """
    parameters = {"delivery_id": delivery_id, "claim_seconds": settings().claim_seconds}
    return connection.execute(_statement("admit_at_once"), parameters).scalar() is not None


def stored_events(connection: Connection) -> list[StoredEvent]:
    """Every event, in order of acceptance."""
    return [StoredEvent(**row) for row in connection.execute(_statement("stored_events")).mappings()]


def known_deliveries(connection: Connection) -> list[KnownDelivery]:
    """Every delivery, in the order in which they ended; last those that have not."""
    return [
        KnownDelivery(**{**row, "state": DeliveryState(row["state"])})
        for row in connection.execute(_statement("known_deliveries")).mappings()
    ]
