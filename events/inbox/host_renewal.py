"""Renewing the leases of a host: its own, and those of all that it has claimed, in one statement."""

from dataclasses import dataclass
from uuid import UUID

from groundwork.blocks.database import Database
from groundwork.events.inbox.renewal import Renewal
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


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

    def renew(self, home: Database) -> Renewal:
        """Let the leases last anew."""
        parameters = {"flow_run_id": self.flow_run_id, "lease_seconds": self.lease_seconds}
        with home.transaction() as connection:
            row = connection.execute(_statement("renew_host"), parameters).one()
        return Renewal.RENEWED if row.renewed else Renewal.LOST
