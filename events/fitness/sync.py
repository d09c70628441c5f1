"""Events of the category ``sync``: data comes in from wearables, and goes out to other systems."""

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, field_validator
from pydantic_core import PydanticCustomError

from groundwork.events.base import Event
from groundwork.events.identifiers import RecordId

Provider = Literal["oura", "whoop", "garmin", "apple"]
Kind = Literal["created", "updated", "deleted"]
LARGEST_PAYLOAD = 64 * 1024
"""Bytes of a push as JSON. Receivers of webhooks refuse much more."""


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
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC), description="When it came about.")
    payload: dict[str, Any] = Field(description="64 KiB of JSON at most; it is pushed as it is.")

    @field_validator("payload")
    @classmethod
    def _refuse_large(cls, payload: dict[str, Any]) -> dict[str, Any]:
        size = len(json.dumps(payload, default=str))
        if size > LARGEST_PAYLOAD:
            raise PydanticCustomError(
                "too_large", "{size} bytes of JSON; {most} at most", {"size": size, "most": LARGEST_PAYLOAD}
            )
        return payload
