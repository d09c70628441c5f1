"""Reapit's webhooks as changes: an object about one entity, with what it was and what it is."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from groundwork.blocks.nurture.crm.contact import PERSONAL
from groundwork.blocks.nurture.crm.reapit.names import NAMES
from groundwork.deployments.gateway.nurture.changes import MOST_CHANGES, change, strings
from groundwork.events.webhooks import Delivery, Malformed, Told

_PROPERTIES = tuple(NAMES[name] for name in PERSONAL)


class _Notice(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    eventId: str = Field(min_length=1, max_length=100)
    entityId: str = Field(min_length=1, max_length=128)
    customerId: str = Field(pattern=r"^[A-Za-z0-9]{1,20}$")
    eventTime: AwareDatetime
    topicId: str = Field(max_length=100)
    new: dict[str, Any] | None = None
    old: dict[str, Any] | None = None

    @field_validator("eventTime", mode="before")
    @classmethod
    def _in_utc_where_nothing_is_said(cls, value: Any) -> Any:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return value


def changes_of(delivery: Delivery) -> Iterator[Told | Malformed]:
    """The changes of a request that may concern us. Our own are among them: what we wrote is what both sides have, and
    changes nothing.

    Raises:
        Malformed: it is no object and no array of them; Reapit does not send it again.
    """
    notices = delivery.value if isinstance(delivery.value, list) else [delivery.value]
    if not all(isinstance(each, dict) for each in notices) or len(notices) > MOST_CHANGES:
        raise Malformed(f"it is no object, and no array of at most {MOST_CHANGES:,}")
    for each in notices:
        try:
            notice = _Notice.model_validate(each)
        except ValidationError as error:
            yield Malformed.of(error)
            continue
        kind, _, action = notice.topicId.partition(".")
        deleted = action == "deleted"
        changes = {} if deleted else _changed(notice.old or {}, notice.new or {})
        if kind != "contacts" or not (deleted or changes):
            continue
        account = f"reapit:{notice.customerId}"
        yield change(
            account,
            f"{account}:{notice.eventId}",
            notice.eventTime,
            external_id=notice.entityId,
            changes=changes,
            deleted=deleted,
        )


def _changed(old: dict[str, Any], new: dict[str, Any]) -> dict[str, str | None]:
    return {
        name: strings(new[name]) or None
        for name in _PROPERTIES
        if name in new and (strings(new[name]) or None) != (strings(old.get(name)) or None)
    }
