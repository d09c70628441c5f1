"""The steps of the welcome mail."""

from sqlalchemy import Connection

from groundwork.events.identifiers import UserId
from groundwork.events.inbox import running_attempt
from groundwork.notifications import notify_once
from groundwork.tasks.contacts.users.welcome import WelcomeClaim, claim_for
from groundwork.tasks.mail_patience import MAIL_PATIENCE
from groundwork.tasks.step import step


@step(ledger=True)
def claim_welcome(connection: Connection, user_id: UserId) -> WelcomeClaim:
    """Find out whether this delivery is the one that welcomes the user."""
    return claim_for(connection, user_id, running_attempt().delivery_id)


@step(**MAIL_PATIENCE, provider=True)
def mail_welcome(user_id: UserId) -> bool:
    """Welcome the user. Nobody can turn this one off.

    Returns:
        Whether a message was sent.
    """
    return notify_once(user_id, "welcome", {})
