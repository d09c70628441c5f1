"""A delivery together with its event."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery and its event, as the inbox has them.

    Attributes:
        id: of the delivery.
        workspace_id: the event's.
        data: the event's, in wire form.
        depth: events before it in its chain.
    """

    id: UUID
    attempt: int
    job: str
    event_id: UUID
    event_name: str
    workspace_id: str
    data: Any
    correlation_id: UUID
    depth: int
