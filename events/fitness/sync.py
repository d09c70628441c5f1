"""Events of the category ``sync``: data comes in from wearables, and goes out to other systems."""

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, field_validator
from pydantic_core import PydanticCustomError

from groundwork.events.base import WIRE, Event
from groundwork.events.checked_in_sql import checked_in_sql
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


class WantedObject(BaseModel):
    """An object of a provider that a webhook has named, and that is to be fetched."""

    model_config = WIRE

    provider_user: Annotated[str, Field(min_length=1, max_length=128)]
    data_type: Annotated[str, Field(min_length=1, max_length=60)]
    object_id: Annotated[str, Field(min_length=1, max_length=128)]
    sent_at: AwareDatetime = Field(description="When the provider told of it last.")


class WearableFetchWanted(Event, name="platform/sync.wearable-fetch"):
    """What a batch of webhooks has named is to be fetched from its provider."""

    provider: Provider
    objects: Annotated[tuple[WantedObject, ...], Field(min_length=1, max_length=1000)]


class ReadingsFileUploaded(Event, name="platform/sync.readings-file-uploaded"):
    """A file of readings lies in the blob store of the workspace."""

    blob: Annotated[str, Field(min_length=1, max_length=1024)] = Field(description="Key of the file.")
    format: Literal["csv", "parquet", "apple-health"]
    member_id: RecordId | None = Field(None, description="Whose export it is (Apple Health).")
    sent_at: AwareDatetime | None = Field(
        None, description="Version of rows that have no updated_at of their own; by default when the event came."
    )


class SubscriptionsDue(Event, name="platform/sync.subscriptions-due"):
    """Subscriptions to webhooks are to be looked at, before they expire."""


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
    @checked_in_sql(most_json=LARGEST_PAYLOAD)
    def _refuse_large(cls, payload: dict[str, Any]) -> dict[str, Any]:
        size = len(json.dumps(payload, default=str))
        if size > LARGEST_PAYLOAD:
            raise PydanticCustomError(
                "too_large", "{size} bytes of JSON; {most} at most", {"size": size, "most": LARGEST_PAYLOAD}
            )
        return payload
