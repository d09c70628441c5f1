"""Renewing leases: those of many attempts in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from uuid import UUID

from groundwork.blocks.database import Database
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)
_host_statement = statements_of(str(Path(__file__).with_name("host_renewal.py")))


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


@dataclass(frozen=True, slots=True)
class HostHold:
    """What a host has claimed, whatever that is at a time; and that it is a host.

    Attributes:
        flow_run_id: the host's.
        lease_seconds: how long the leases last from their renewal on.
    """

    flow_run_id: UUID
    lease_seconds: float

    def __str__(self) -> str:
        return f"host {self.flow_run_id}"

    def renew(self, home: Database) -> "Renewal":
        """Let the leases last anew."""
        parameters = {"flow_run_id": self.flow_run_id, "lease_seconds": self.lease_seconds}
        with home.transaction() as connection:
            row = connection.execute(_host_statement("renew_host"), parameters).one()
        return Renewal.RENEWED if row.renewed else Renewal.LOST


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
