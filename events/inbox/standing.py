"""Where a delivery stood when it was read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Row

from groundwork.blocks.schema.states import DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a delivery stood when it was read. A change that follows from it is made only if it still stands there.

    Attributes:
        attempt: runs that claimed it.
        continuations: those of them that ended to wait.
        dispatches: runs that were asked for.
        lease_expires_at: when it is overdue. An admitted delivery has its claim deadline here.
        on_host: whether a host has it, or is to have it: a run that carries other deliveries too.
    """

    id: UUID
    job: str
    workspace_id: str
    state: DeliveryState
    attempt: int
    dispatches: int
    max_attempts: int
    continuations: int
    flow_run_id: UUID | None
    lease_expires_at: datetime | None
    last_error: str | None
    event_id: UUID | None = None
    on_host: bool = False

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Read a row that has these columns, and perhaps others."""
        columns = {name: row._mapping[name] for name in cls.__slots__ if name in row._mapping}
        return cls(**columns | {"state": DeliveryState(row.state)})

    @property
    def attempts_used(self) -> int:
        """Attempts that count against the most that it may have."""
        return self.attempt - self.continuations

    @property
    def unclaimed(self) -> int:
        """Runs that were asked for and did not claim the delivery; attempts have a count of their own."""
        return max(self.dispatches - self.attempt, 0)

    @property
    def fence(self) -> dict[str, Any]:
        """Parameters of a statement that changes nothing if the delivery has moved since."""
        return {
            "delivery_id": self.id,
            "state": self.state,
            "attempt": self.attempt,
            "dispatches": self.dispatches,
        }
