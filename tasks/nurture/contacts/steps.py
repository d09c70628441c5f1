"""The steps that work on contacts."""

from collections.abc import Sequence

from sqlalchemy import Connection

from groundwork.events.inbox import send_many
from groundwork.events.nurture.contacts import ContactCategorised, ContactReplied, ContactUnsubscribed
from groundwork.events.nurture.crm import CrmPushWanted
from groundwork.events.nurture.sequences import SequenceWanted
from groundwork.tasks.nurture.contacts import end_of_mails
from groundwork.tasks.step import step


@step(ledger=True)
def send_follow_ons(connection: Connection, events: Sequence[ContactCategorised]) -> int:
    """Ask for a sequence and for a push to the CRM, for each contact.

    Returns:
        How many events were sent.
    """
    wanted = [
        follow_on
        for each in events
        for follow_on in (
            SequenceWanted(
                workspace_id=each.workspace_id,
                contact_id=each.contact_id,
                category=each.category,
                categorised_at=each.categorised_at,
            ),
            CrmPushWanted(workspace_id=each.workspace_id, contact_id=each.contact_id, reason="category"),
        )
    ]
    return len(send_many(wanted, connection))


@step(ledger=True)
def note_replies(connection: Connection, events: Sequence[ContactReplied]) -> int:
    """Note when contacts answered."""
    return end_of_mails.note_replies(connection, events)


@step(ledger=True)
def note_unsubscribed(connection: Connection, events: Sequence[ContactUnsubscribed]) -> int:
    """Note that contacts want no more mails; those who said so by the link in a mail are noted already."""
    return end_of_mails.note_unsubscribed(connection, events[0].workspace_id, [each.contact_id for each in events])
