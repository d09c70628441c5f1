"""HubSpot's webhooks as changes: an array, of which each element is about one property of one object."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from groundwork.blocks.nurture.crm.contact import PERSONAL
from groundwork.blocks.nurture.crm.hubspot.names import NAMES
from groundwork.blocks.nurture.crm.settings import crm_settings
from groundwork.deployments.gateway.nurture.changes import MOST_CHANGES, change, strings
from groundwork.events.webhooks import Delivery, Malformed, Told

_CONTACT_TYPE = "0-1"
_PROPERTIES = {NAMES[name] for name in PERSONAL}
_DELETIONS = ("deletion", "privacyDeletion")


class _Change(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    eventId: int | Annotated[str, Field(max_length=100)]
    subscriptionId: int | Annotated[str, Field(max_length=100)]
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
    def identity(self) -> str:
        """What names it. An eventId alone is not unique."""
        parts = self.portalId, self.subscriptionId, self.eventId, self.occurredAt, self.objectId
        return ":".join(map(str, parts))

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


def changes_of(delivery: Delivery) -> Iterator[Told | Malformed]:
    """The changes of a request that may concern us.

    Raises:
        Malformed: it is no array, or a long one; HubSpot does not send it again.
    """
    if not isinstance(delivery.value, list) or len(delivery.value) > MOST_CHANGES:
        raise Malformed(f"it is no array of at most {MOST_CHANGES:,} changes")
    for each in delivery.value:
        try:
            told = _Change.model_validate(each)
        except ValidationError as error:
            yield Malformed.of(error)
            continue
        action = told.subscriptionType.partition(".")[2]
        if told.is_of_a_contact and action == "merge":
            yield from _merges(told)
            continue
        is_deleted = action in _DELETIONS
        is_known = action == "propertyChange" and told.propertyName in _PROPERTIES
        if not told.is_of_a_contact or told.is_ours or not (is_deleted or is_known):
            continue
        yield change(
            f"hubspot:{told.portalId}",
            told.identity,
            told.at,
            external_id=str(told.objectId),
            changes={} if is_deleted else {str(told.propertyName): strings(told.propertyValue) or None},
            deleted=is_deleted,
        )


def _merges(told: _Change) -> Iterator[Told]:
    """A change for each contact that is a part of another one now."""
    winner = told.newObjectId or told.primaryObjectId or told.objectId
    for each in {*told.mergedObjectIds, told.primaryObjectId or winner} - {winner}:
        yield change(
            f"hubspot:{told.portalId}",
            f"{told.identity}:{each}",
            told.at,
            external_id=str(each),
            changes={},
            merged_into=str(winner),
        )
