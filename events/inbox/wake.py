"""Telling the relays that something may be admitted."""

from uuid import UUID

from sqlalchemy import Connection

from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

CHANNEL = "groundwork_inbox"
"""What a relay listens to."""
INTERACTIVE_CHANNEL = "groundwork_interactive"
"""What a relay listens to for light deliveries of interactive jobs, which it admits beside all else."""


def wake_relay(connection: Connection) -> None:
    """Tell the relays, once the caller's transaction commits."""
    connection.execute(_statement("wake_relay"))


def wake_relay_for_interactive(connection: Connection) -> None:
    """Tell the relays, once the caller's transaction commits, of something light and interactive."""
    connection.execute(_statement("wake_relay_for_interactive"))


def wake_relay_if_interactive(connection: Connection, delivery_id: UUID) -> None:
    """Tell the relays that a run of an interactive job is under way, so that bulk runs need give way no longer."""
    connection.execute(_statement("wake_relay_if_interactive"), {"delivery_id": delivery_id})
