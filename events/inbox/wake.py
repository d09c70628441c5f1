"""Telling the relays that something may be admitted, and the hosts that something is there for them."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection

from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

CHANNEL = "groundwork_inbox"
"""What a relay listens to: something may be admitted, which is for an interactive run where it says so."""
HOST_CHANNEL = "groundwork_light"
"""What hosts listen to: something was admitted for those of interactive jobs, or for the others, as it says."""
INTERACTIVE_CHANNEL = "groundwork_interactive"
"""What the host of interactive jobs listens to besides: something came for it, which it may admit itself."""
INTERACTIVE, BULK = "interactive", "bulk"


def wake_relay(connection: Connection, *, at_once: bool = False) -> None:
    """Tell the relays, once the caller's transaction commits.

    Args:
        at_once: something came that may have an interactive run.
    """
    connection.execute(_statement("wake_relay_at_once" if at_once else "wake_relay"))


def wake_interactive_host(connection: Connection) -> None:
    """Tell the interactive jobs' host, once the caller's transaction commits, that something came for it."""
    connection.execute(_statement("wake_interactive_host"))


def wake_hosts(connection: Connection, jobs: Collection[str]) -> None:
    """Tell the hosts, once the caller's transaction commits, that deliveries of these jobs were admitted."""
    if jobs:
        connection.execute(_statement("wake_hosts"), {"jobs": list(jobs)})


def wake_relay_if_interactive(connection: Connection, delivery_id: UUID) -> None:
    """Tell the relays that a run of an interactive job is under way, so that bulk runs need give way no longer."""
    connection.execute(_statement("wake_relay_if_interactive"), {"delivery_id": delivery_id})
