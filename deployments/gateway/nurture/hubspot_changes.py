"""HubSpot's webhooks as changes: an array, of which each element is about one property of one object."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from groundwork.blocks.nurture.crm.contact import PERSONAL
from groundwork.blocks.nurture.crm.hubspot.names import NAMES
from groundwork.blocks.nurture.crm.settings import crm_settings
from groundwork.deployments.gateway.nurture.changes import MOST_CHANGES, Told, strings, warn_of_malformed
from groundwork.deployments.gateway.refusal import Refusal

_CONTACT_TYPE = "0-1"
_PROPERTIES = {NAMES[name] for name in PERSONAL}
_DELETIONS = ("deletion", "privacyDeletion")


class _Change(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    eventId: int | str
    subscriptionId: int | str
    portalId: int = Field(ge=0)
    objectId: int = Field(ge=0)
    occurredAt: int = Field(ge=0, lt=4_102_444_800_000)
    subscriptionType: str = Field(max_length=100)
    objectTypeId: str | None = None
    changeSource: str | None = None
    sourceId: str | None = None
    propertyName: str | None = None
    propertyValue: Any = None
    primaryObjectId: int | None = Field(None, ge=0)
    mergedObjectIds: list[int] = Field(default_factory=list, max_length=100)
    newObjectId: int | None = Field(None, ge=0)

    @property
    def dedupe_id(self) -> str:
        """What names it. An eventId alone is not unique."""
        parts = self.portalId, self.subscriptionId, self.eventId, self.occurredAt, self.objectId
        return f"hubspot:{':'.join(map(str, parts))}"

    @property
    def at(self) -> datetime:
        """When it was."""
        return datetime.fromtimestamp(self.occurredAt / 1000, UTC)

    @property
    def is_of_a_contact(self) -> bool:
        """Of the types ``contact.…``, or ``object.…`` of contacts."""
        kind = self.subscriptionType.partition(".")[0]
        return kind == "contact" or (kind == "object" and self.objectTypeId == _CONTACT_TYPE)

    @property
    def is_ours(self) -> bool:
        """Whether our own app made it."""
        app = crm_settings().hubspot_app_id
        return self.changeSource == "INTEGRATION" and app is not None and self.sourceId == str(app)


def changes_of(value: Any) -> Iterator[Told]:
    """The changes of a request that may concern us.

    Args:
        value: the body's JSON.

    Raises:
        Refusal: 400, after which HubSpot does not send it again.
    """
    if not isinstance(value, list) or len(value) > MOST_CHANGES:
        raise Refusal(400, f"Send an array of at most {MOST_CHANGES:,} changes.")
    for each in value:
        try:
            change = _Change.model_validate(each)
        except ValidationError as error:
            warn_of_malformed("hubspot", error)
            continue
        action = change.subscriptionType.partition(".")[2]
        if change.is_of_a_contact and action == "merge":
            yield from _merges(change)
            continue
        is_deleted = action in _DELETIONS
        is_known = action == "propertyChange" and change.propertyName in _PROPERTIES
        if not change.is_of_a_contact or change.is_ours or not (is_deleted or is_known):
            continue
        yield Told(
            account=f"hubspot:{change.portalId}",
            dedupe_id=change.dedupe_id,
            external_id=str(change.objectId),
            at=change.at,
            changes={} if is_deleted else {str(change.propertyName): strings(change.propertyValue) or None},
            deleted=is_deleted,
        )


def _merges(change: _Change) -> Iterator[Told]:
    """A change for each contact that is a part of another one now."""
    winner = change.newObjectId or change.primaryObjectId or change.objectId
    for each in {*change.mergedObjectIds, change.primaryObjectId or winner} - {winner}:
        yield Told(
            account=f"hubspot:{change.portalId}",
            dedupe_id=f"{change.dedupe_id}:{each}",
            external_id=str(each),
            at=change.at,
            changes={},
            merged_into=str(winner),
        )
