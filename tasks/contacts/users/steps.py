"""The steps of the welcome mail."""

from groundwork.events.identifiers import UserId
from groundwork.events.inbox import once, running_attempt
from groundwork.notifications import notify_once
from groundwork.tasks.contacts.users import welcome
from groundwork.tasks.contacts.users.welcome import WelcomeClaim
from groundwork.tasks.step import step


@step
def claim_welcome(user_id: UserId) -> WelcomeClaim:
    """Find out whether this delivery is the one that welcomes the user."""
    attempt = running_attempt()
    with once(attempt, "claim-welcome", key=user_id) as entry:
        if entry.result is None:
            claim = welcome.claim_welcome(entry.connection, user_id, attempt.delivery_id)
            entry.result = claim.model_dump(mode="json")
        return WelcomeClaim(**entry.result)


@step(retries=6, first_delay=2.0, provider=True)
def mail_welcome(user_id: UserId) -> bool:
    """Welcome the user. Nobody can turn this one off.

    Returns:
        Whether a message was sent.
    """
    return notify_once(user_id, "welcome", {})
