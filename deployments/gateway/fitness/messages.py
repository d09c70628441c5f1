"""What the webhooks of each provider say, in the terms of ``WearableDataReceived``."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from groundwork.events.fitness.sync import WearableDataReceived
from groundwork.events.webhooks import Delivery, LeftOut, Malformed, Told
from groundwork.tasks.fitness.ingest.names import DEREGISTRATION, GARMIN_KINDS, METRICS_OF

Id = Annotated[str, Field(min_length=1, max_length=128)]
MOST_SUMMARIES = 5_000
"""Summaries of one push of Garmin."""
_UNSTORED = ("userAccessToken",)
"""What a push carries that opens doors."""


class _OuraBody(BaseModel):
    """Fields that are not here are Oura's own affair."""

    model_config = ConfigDict(extra="ignore")

    event_type: Literal["create", "update", "delete"]
    data_type: Annotated[str, Field(min_length=1, max_length=60)]
    object_id: Id
    user_id: Id
    event_time: AwareDatetime | None = None


class _WhoopBody(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    user_id: Id
    id: Id
    type: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z_]+\.[a-z_]+$")]
    trace_id: Annotated[str, Field(max_length=128)] = ""


_KINDS = {"create": "created", "update": "updated", "delete": "deleted"}


def oura_messages(delivery: Delivery) -> list[Told | LeftOut | Malformed]:
    """What a webhook of Oura says.

    Raises:
        Malformed: it is not as documented.
    """
    body = _validated(_OuraBody, delivery.value)
    if body.data_type not in METRICS_OF["oura"]:
        return []
    signed_at = delivery.at or delivery.received_at
    sent_at = min(body.event_time or signed_at, signed_at)
    fields = {"data_type": body.data_type, "kind": _KINDS[body.event_type], "object_id": body.object_id}
    identity = (body.user_id, body.data_type, body.object_id, body.event_type, sent_at.isoformat())
    return [_told("oura", body.user_id, identity, {**fields, "sent_at": sent_at})]


def whoop_messages(delivery: Delivery) -> list[Told | LeftOut | Malformed]:
    """What a webhook of WHOOP says.

    Raises:
        Malformed: it is not as documented.
    """
    body = _validated(_WhoopBody, delivery.value)
    signed_at = delivery.at or delivery.received_at
    data_type, _, verb = body.type.partition(".")
    if data_type not in METRICS_OF["whoop"] or verb not in ("updated", "deleted"):
        return []
    fields = {"data_type": data_type, "kind": verb, "object_id": body.id, "sent_at": signed_at}
    # A repeat of a message has its trace id. Without one, each sending counts.
    return [
        _told("whoop", body.user_id, (body.user_id, body.type, body.id, body.trace_id or signed_at.isoformat()), fields)
    ]


def garmin_messages(delivery: Delivery) -> list[Told | LeftOut | Malformed]:
    """What a push of Garmin holds, each summary a message. Series within them, and tokens, are left out.

    Raises:
        Malformed: it is not as documented, or has too many summaries.
    """
    if not isinstance(delivery.value, dict):
        raise Malformed("a push of Garmin is an object of lists, such as dailies")
    found: list[Told | LeftOut | Malformed] = []
    for kind, summaries in delivery.value.items():
        data_type = DEREGISTRATION if kind == "deregistrations" else kind
        if data_type not in (*GARMIN_KINDS, DEREGISTRATION) or not isinstance(summaries, list):
            continue
        for summary in summaries:
            user = summary.get("userId") if isinstance(summary, dict) else None
            if not isinstance(user, str) or not 1 <= len(user) <= 128:
                raise Malformed(f"{kind}: each has a userId of 1 to 128 characters")
            plain = {
                name: each
                for name, each in summary.items()
                if name not in _UNSTORED and not isinstance(each, dict | list)
            }
            fields = {
                "data_type": data_type,
                "kind": "deleted" if data_type == DEREGISTRATION else "updated",
                "data": None if data_type == DEREGISTRATION else plain,
                "sent_at": delivery.received_at,
            }
            found.append(_told("garmin", user, (user, kind, json.dumps(plain, sort_keys=True)), fields))
            if len(found) > MOST_SUMMARIES:
                raise Malformed(f"a push has {MOST_SUMMARIES:,} summaries at most")
    return found


def _told(provider: str, user: str, identity: tuple[str, ...], fields: Mapping[str, Any]) -> Told:
    """One thing that a provider tells of one person."""
    values = {"provider": provider, "provider_user": user, **fields}
    return Told(event=WearableDataReceived, values=values, account=user, identity=identity, at=fields["sent_at"])


def _validated(model: type[Any], value: Any) -> Any:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Malformed.of(error) from None
