"""Renewing leases: those of many attempts in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

from groundwork.blocks.database import Database
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


@dataclass(frozen=True, slots=True)
class Hold:
    """What an attempt has claimed.

    Attributes:
        delivery_id: of a batch, of its first.
        attempt: the fencing token.
        lease_seconds: how long the lease lasts from its renewal on.
    """

    delivery_id: UUID
    attempt: int
    lease_seconds: float

    def __str__(self) -> str:
        return f"delivery {self.delivery_id}: attempt {self.attempt}"

    def renew(self, home: Database) -> "Renewal":
        """Let the lease last anew."""
        return renew(home, [self])[0]


class Renewal(Enum):
    """What became of one lease."""

    RENEWED = auto()
    BUSY = auto()
    """It is the attempt's, and somebody has its row locked: another try in a moment."""
    LOST = auto()
    """The delivery is a later attempt's, or has ended."""


def renew(home: Database, holds: Sequence[Hold]) -> list[Renewal]:
    """Let leases last anew, whether or not they have run out meanwhile, where nobody else has the delivery.

    Args:
        home: the database of the deliveries.
        holds: the attempts that live.

    Returns:
        What became of each, in their order.
    """
    parameters = {
        "delivery_ids": [each.delivery_id for each in holds],
        "attempts": [each.attempt for each in holds],
        "lease_seconds": [each.lease_seconds for each in holds],
    }
    with home.transaction() as connection:
        rows = connection.execute(_statement("renew"), parameters).all()
    return [Renewal.RENEWED if row.renewed else Renewal.BUSY if row.held else Renewal.LOST for row in rows]
