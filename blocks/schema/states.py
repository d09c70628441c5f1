"""The states of a delivery, and the sets of them that the inbox's statements and indexes ask for."""

from enum import StrEnum


class DeliveryState(StrEnum):
    """How a delivery stands; ``docs/delivery.md`` draws the ways between them."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    ADMITTED = "admitted"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


WAITING = (DeliveryState.SCHEDULED, DeliveryState.QUEUED)
"""In its lane, or on its way into it."""
IN_FLIGHT = (DeliveryState.ADMITTED, DeliveryState.RUNNING)
"""A run has it, or was asked for."""
UNFINISHED = WAITING + IN_FLIGHT
ENDED = (DeliveryState.DONE, DeliveryState.FAILED, DeliveryState.CANCELLED)
"""No run changes it any more, unless a person replays it."""

DEATHS_ALONE = 2
"""Runs that died with a light delivery, after which it is run alone, in an ordinary run."""
