"""Events of contacts: a category was given, no more mails are wanted, an answer came."""

from typing import Literal

from pydantic import AwareDatetime, Field

from groundwork.events.base import Event, UserEvent
from groundwork.events.identifiers import RecordId

Category = Literal["landlord", "vendor", "buyer", "tenant", "investor", "applicant"]
"""What a contact is to an agency."""


class ContactCategorised(UserEvent, name="nurture/contact.categorised"):
    """A person assigned a contact to a category. The row of the contact has it already."""

    contact_id: RecordId
    category: Category
    categorised_at: AwareDatetime = Field(description="When it was given; the latest counts.")


class ContactUnsubscribed(Event, name="nurture/contact.unsubscribed"):
    """A contact wants no more mails. Ends its sequence."""

    contact_id: RecordId


class ContactReplied(Event, name="nurture/contact.replied"):
    """A contact answered. Ends its sequence: a person goes on from there."""

    contact_id: RecordId
    replied_at: AwareDatetime
