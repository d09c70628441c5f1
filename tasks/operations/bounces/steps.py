"""The step of a bounce."""

from sqlalchemy import Connection

from groundwork.events.bounces import MailBounced
from groundwork.notifications import bounces
from groundwork.tasks.step import step


@step(ledger=True, key=())
def note_bounce(connection: Connection, event: MailBounced) -> int:
    """Mark the address. Returns how many users of the workspace have it."""
    return bounces.note_bounce(connection, event)
