"""What the webhooks of each provider say, in the terms of ``WearableDataReceived``."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from groundwork.deployments.gateway.refusal import Refusal
from groundwork.tasks.fitness.ingest.names import DEREGISTRATION, GARMIN_KINDS, METRICS_OF

Id = Annotated[str, Field(min_length=1, max_length=128)]
MOST_SUMMARIES = 5_000
"""Summaries of one push of Garmin."""
_UNSTORED = ("userAccessToken",)
"""What a push carries that opens doors."""


@dataclass(frozen=True)
class Message:
    """One thing that a provider tells of one person.

    Attributes:
        fields: of the event, but for the workspace.
        identity: what a repeat of the message has alike.
    """

    provider: str
    provider_user: str
    fields: dict[str, Any]
    identity: tuple[str, ...]

    @property
    def dedupe_id(self) -> str:
        """An id for the inbox: of one length, and printable whatever the provider's ids are."""
        digest = hashlib.sha256("\n".join(self.identity).encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self.provider}:{digest}"


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


def oura_messages(value: Any, signed_at: datetime) -> list[Message]:
    """What a webhook of Oura says.

    Raises:
        Refusal: 400.
    """
    body = _validated(_OuraBody, value)
    if body.data_type not in METRICS_OF["oura"]:
        return []
    sent_at = min(body.event_time or signed_at, signed_at)
    fields = {
        "data_type": body.data_type,
        "kind": _KINDS[body.event_type],
        "object_id": body.object_id,
        "sent_at": sent_at,
    }
    identity = (body.user_id, body.data_type, body.object_id, body.event_type, sent_at.isoformat())
    return [Message("oura", body.user_id, fields, identity)]


def whoop_messages(value: Any, signed_at: datetime) -> list[Message]:
    """What a webhook of WHOOP says.

    Raises:
        Refusal: 400.
    """
    body = _validated(_WhoopBody, value)
    data_type, _, verb = body.type.partition(".")
    if data_type not in METRICS_OF["whoop"] or verb not in ("updated", "deleted"):
        return []
    fields = {"data_type": data_type, "kind": verb, "object_id": body.id, "sent_at": signed_at}
    # A repeat of a message has its trace id. Without one, each sending counts.
    identity = (body.user_id, body.type, body.id, body.trace_id or signed_at.isoformat())
    return [Message("whoop", body.user_id, fields, identity)]


def garmin_messages(value: Any, received_at: datetime | None = None) -> list[Message]:
    """What a push of Garmin holds, each summary a message. Series within them, and tokens, are left out.

    Raises:
        Refusal: 400, 413.
    """
    if not isinstance(value, dict):
        raise Refusal(400, "A push of Garmin is an object of lists, such as dailies.")
    now = received_at or datetime.now(UTC)
    found: list[Message] = []
    for kind, summaries in value.items():
        data_type = DEREGISTRATION if kind == "deregistrations" else kind
        if data_type not in (*GARMIN_KINDS, DEREGISTRATION) or not isinstance(summaries, list):
            continue
        for summary in summaries:
            user = summary.get("userId") if isinstance(summary, dict) else None
            if not isinstance(user, str) or not 1 <= len(user) <= 128:
                raise Refusal(400, f"{kind}: each has a userId of 1 to 128 characters.")
            plain = {
                name: each
                for name, each in summary.items()
                if name not in _UNSTORED and not isinstance(each, dict | list)
            }
            fields = {
                "data_type": data_type,
                "kind": "deleted" if data_type == DEREGISTRATION else "updated",
                "data": None if data_type == DEREGISTRATION else plain,
                "sent_at": now,
            }
            identity = (user, kind, json.dumps(plain, sort_keys=True))
            found.append(Message("garmin", user, fields, identity))
            if len(found) > MOST_SUMMARIES:
                raise Refusal(413, f"A push has {MOST_SUMMARIES:,} summaries at most.")
    return found


def _validated(model: type[Any], value: Any) -> Any:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, each["loc"])) or "the body" for each in error.errors()}))
        raise Refusal(400, f"The webhook is signed, and not as its provider documents: {fields[:200]}.") from None
