"""Events of the category ``sync``: data comes in from wearables, and goes out to other systems."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from groundwork.events.base import Event
from groundwork.events.identifiers import RecordId

Provider = Literal["oura", "whoop", "garmin", "apple"]
Kind = Literal["created", "updated", "deleted"]


class WearableDataReceived(Event, name="platform/sync.wearable-data-received"):
    """A provider tells that there is data of a member, or hands it over."""

    provider: Provider
    provider_user: Annotated[str, Field(min_length=1, max_length=128)] = Field(description="Id of the person there.")
    data_type: Annotated[str, Field(min_length=1, max_length=60)] = Field(description="Such as sleep or recovery.")
    kind: Kind = "updated"
    object_id: Annotated[str, Field(max_length=128)] | None = Field(None, description="What is to be fetched.")
    data: dict[str, Any] | None = Field(None, description="What was handed over, as it came (Garmin).")
    blob: Annotated[str, Field(max_length=1024)] | None = Field(None, description="Key of an uploaded file (Apple).")
    sent_at: AwareDatetime | None = None


class ProviderPullWanted(Event, name="platform/sync.provider-pull"):
    """A member's data of some days is to be fetched, as after a new connection or an outage."""

    member_id: RecordId
    provider: Provider
    since: date
    until: date


class ExternalPushWanted(Event, name="platform/sync.external-push"):
    """Something is to be told to the workspace's own endpoint."""

    member_id: RecordId
    kind: Literal["score", "alert"]
    push_id: UUID = Field(description="Stays the same however often it is tried.")
    payload: dict[str, Any]
