"""Events of sequences: one is to be written, one is there to be sent."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from groundwork.events.base import Event
from groundwork.events.identifiers import RecordId
from groundwork.events.nurture.contacts import Category


class SequenceWanted(Event, name="nurture/sequence.generate"):
    """A contact is to get a sequence of three mails for its category."""

    contact_id: RecordId
    category: Category
    categorised_at: AwareDatetime = Field(description="When the contact was given the category.")


class SequenceStored(Event, name="nurture/sequence.stored"):
    """A sequence is written, checked and stored; its mails go out on their days."""

    contact_id: RecordId
    sequence_id: UUID
