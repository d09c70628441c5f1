"""What can go wrong. No message has a key or a secret."""

from collections.abc import Sequence
from typing import Any


class GroundworkClientError(Exception):
    """Base of this package's errors."""


class Refused(GroundworkClientError):
    """The gateway cannot take this, now or later. Mend what it names, and send it again.

    Attributes:
        status: of HTTP.
        details: one object per fault, such as ``{"pointer": "/3/data/importId", "reason": "…", "cure": "…"}``; the
            number in a pointer is the event's place among :attr:`ids`.
        ids: of the events of the request.
    """

    def __init__(
        self, status: int, error: str, details: Sequence[dict[str, Any]] = (), ids: Sequence[str] = ()
    ) -> None:
        self.status = status
        self.details = list(details)
        self.ids = list(ids)
        faults = [
            f"\n  {each.get('pointer') or 'the event'}: {each.get('reason')} {each.get('cure')}"
            for each in self.details
        ]
        super().__init__(f"{status} {error}{''.join(faults)}")


class GatewayAway(GroundworkClientError):
    """The gateway could not be reached, or was busy, each time. Some of the events may have been stored: send them
    again with the same ids, which stores each once."""


class NotAGateway(GroundworkClientError):
    """What answers at this URL is not a Groundwork gateway. Check the URL."""


class OutboxFull(GroundworkClientError):
    """The outbox holds as many events as it may. The gateway has been away for long; bring it back, or raise
    ``outbox_events``."""
