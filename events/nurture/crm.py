"""Events of the agency's CRM: a contact is to be pushed, a contact was changed there."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from groundwork.events.base import Event
from groundwork.events.identifiers import RecordId

Text = Annotated[str, Field(max_length=10_000)]


class CrmPushWanted(Event, name="crm/sync.push"):
    """What we know of a contact is to be in the agency's CRM."""

    contact_id: RecordId
    reason: Literal["category", "sequence", "score", "contact"] = Field(description="What has changed.")


class CrmContactChanged(Event, name="crm/contact.changed"):
    """A contact was changed in the agency's CRM, by somebody else than us."""

    crm: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    external_id: Annotated[str, Field(min_length=1, max_length=128)] = Field(description="Id of the contact there.")
    changes: dict[Annotated[str, Field(max_length=100)], Text | None] = Field(
        default_factory=dict, max_length=200, description="New values by property of the CRM; None clears one."
    )
    deleted: bool = False
    merged_into: Annotated[str, Field(min_length=1, max_length=128)] | None = Field(
        None, description="Id of the contact there that it is a part of now."
    )
    changed_at: AwareDatetime = Field(description="By the CRM's clock; the latest counts.")
