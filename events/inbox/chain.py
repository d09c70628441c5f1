"""Chains of events: which event an event was sent for, and how many may follow each other."""

from dataclasses import dataclass
from uuid import UUID

from groundwork.blocks.errors import ChainTooLong
from groundwork.blocks.settings import settings


@dataclass(frozen=True, slots=True)
class Cause:
    """The event for which another one is sent.

    Attributes:
        correlation_id: of the first event of the chain.
        depth: events before it in the chain, each sent by a job for the one before; 0 for one from outside.
    """

    event_id: UUID
    correlation_id: UUID
    depth: int

    def check(self, name: str) -> None:
        """Refuse another event where the chain is as long as it may be.

        Args:
            name: of the event that would be the next.

        Raises:
            ChainTooLong: the message has the chain's correlation id.
        """
        limit = settings().max_chain_depth
        if limit and self.depth >= limit:
            raise ChainTooLong(
                f"{name} is not sent: it would be event {self.depth + 1} of a chain that began with the event "
                f"{self.correlation_id} (its correlation id), each sent by a job for the one before, and {limit} are "
                "the most. Find what sends them round; if the chain is only long, raise GROUNDWORK_MAX_CHAIN_DEPTH."
            )
