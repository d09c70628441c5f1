"""Events on their way to the gateway, and what became of them."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LONGEST_ID = 255
"""Characters of an id."""


@dataclass(frozen=True)
class Event:
    """An event as it is sent. It is written as JSON when it is made, so that later changes to its data do not matter.

    Args:
        name: ``domain/noun.verb``, one of the gateway's catalogue.
        data: its fields in camelCase, ``workspaceId`` among them.
        id: by which the gateway knows it again. Default: a new one.
        ts: when it happened, in milliseconds since 1970; in the future, its jobs start then. Default: when it arrives.

    Raises:
        ValueError: the id is empty or too long, or the data holds NaN or an infinite number.
        TypeError: the data holds what JSON has not, such as a date.
    """

    name: str
    data: Mapping[str, Any]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    ts: int | None = None
    encoded: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.id) <= LONGEST_ID:
            raise ValueError(f"id: 1 to {LONGEST_ID} characters, not {len(self.id)}")
        envelope: dict[str, Any] = {"name": self.name, "data": dict(self.data), "id": self.id}
        if self.ts is not None:
            envelope["ts"] = self.ts
        # Half a character (a lone surrogate) becomes an escape, which the gateway refuses by name.
        object.__setattr__(self, "encoded", json.dumps(envelope, allow_nan=False, separators=(",", ":")).encode())

    @classmethod
    def read(cls, encoded: bytes) -> "Event":
        """The event that was written so."""
        envelope = json.loads(encoded)
        return cls(envelope["name"], envelope["data"], envelope["id"], envelope.get("ts"))

    def dated(self) -> "Event":
        """The event with the time at which it happened: now, unless it has one."""
        return self if self.ts is not None else Event(self.name, self.data, self.id, int(time.time() * 1000))


@dataclass(frozen=True)
class Receipt:
    """What became of an event.

    Attributes:
        id: of the event, as it was sent.
        event_id: the gateway's id of it, by which its state can be asked for; None while it waits in the outbox.
    """

    id: str
    event_id: str | None

    @property
    def waits(self) -> bool:
        """Whether it is in the outbox and not at the gateway."""
        return self.event_id is None


@dataclass(frozen=True)
class Flushed:
    """What became of an outbox.

    Attributes:
        sent: events that the gateway has taken.
        refused: those that it cannot take; they stay in the file, in the table ``refused``, with the reason.
        waiting: those that are left, since the gateway is away.
    """

    sent: int
    refused: int
    waiting: int
