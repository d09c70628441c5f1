"""A delivery together with its event."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery and its event, as the inbox has them.

    Attributes:
        id: of the delivery.
        data: the event's, in wire form.
    """

    id: UUID
    attempt: int
    job: str
    event_id: UUID
    event_name: str
    data: dict[str, Any]
    correlation_id: UUID
