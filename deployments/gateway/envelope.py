"""From a request's JSON to events for the inbox, or to everything that is wrong with them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from blocks.ingest_keys import IngestKey
from deployments.gateway.faults import Fault, forbidden_values, pointer, validation_faults
from deployments.gateway.refusal import Refusal
from events.base import Event
from events.catalogue import did_you_mean, event_types
from events.inbox import NewEvent

MOST_EVENTS = 1_000
"""Events of one request."""
_MOST_FAULTS = 100
"""Faults of one answer; a batch that is wrong throughout has thousands."""

_Model = TypeVar("_Model", bound=BaseModel)


def _milliseconds(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("an id has printable characters only")
    return text


class Envelope(BaseModel):
    """An event as it is sent."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str
    data: dict[str, Any]
    id: Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_printable)] | None = None
    ts: Annotated[int, Field(ge=_milliseconds(1980), lt=_milliseconds(2100))] | None = None

    @property
    def occurred_at(self) -> datetime | None:
        """``ts``, which counts milliseconds since 1970 in UTC."""
        return datetime.fromtimestamp(self.ts / 1000, UTC) if self.ts is not None else None


def read_events(value: Any, sender: IngestKey, webhook_id: str | None) -> list[NewEvent]:
    """The events of a request.

    Args:
        value: the body's JSON value.
        sender: who sent it.
        webhook_id: stands in for the ids that events lack, so that a repeated request stores nothing.

    Raises:
        Refusal: 400 for a body that is no event and no list of events, 403 for what the sender may not send, 422 with
            every fault.
    """
    batch = isinstance(value, list)
    items = value if batch else [value]
    if not all(isinstance(item, dict) for item in items):
        raise Refusal(400, 'Send an event, {"name": "…", "data": {…}}, or an array of events.')
    if not items:
        raise Refusal(400, "The array is empty. Send at least one event.")
    if len(items) > MOST_EVENTS:
        raise Refusal(400, f"The array has {len(items):,} events. Send at most {MOST_EVENTS:,} at once.")
    _check_permission(items, sender, batch)
    return _Reading(sender, webhook_id, batch).read(items)


def _check_permission(items: Sequence[dict[str, Any]], sender: IngestKey, batch: bool) -> None:
    faults: list[Fault] = []
    for index, item in enumerate(items):
        at = pointer(index) if batch else ""
        name, data = item.get("name"), item.get("data")
        if isinstance(name, str) and not sender.allows_event(name):
            faults.append(_not_allowed(at + "/name", "event", name))
        workspace = data.get("workspaceId") if isinstance(data, dict) else None
        if isinstance(workspace, str) and not sender.allows_workspace(workspace):
            faults.append(_not_allowed(at + "/data/workspaceId", "workspace", workspace))
    if faults:
        raise Refusal(403, f"The key {sender.name!r} may not send this.", faults[:_MOST_FAULTS])


def _not_allowed(at: str, kind: str, value: str) -> Fault:
    return Fault(pointer=at, reason=f"the key is not allowed for the {kind} {value!r}", cure="Use another key.")


class _Reading:
    """One pass over the events of a request, which collects faults instead of stopping at the first."""

    def __init__(self, sender: IngestKey, webhook_id: str | None, batch: bool) -> None:
        self._sender = sender
        self._webhook_id = webhook_id
        self._batch = batch
        self._types = event_types()
        self._faults: list[Fault] = []

    def read(self, items: Sequence[dict[str, Any]]) -> list[NewEvent]:
        events = [self._event(index, item) for index, item in enumerate(items)]
        if self._faults:
            count = len(self._faults)
            faults = "fault" if count == 1 else "faults"
            shown = f"; the first {_MOST_FAULTS} are listed" if count > _MOST_FAULTS else ""
            raise Refusal(422, f"Nothing was accepted: {count} {faults}{shown}.", self._faults[:_MOST_FAULTS])
        return [event for event in events if event is not None]

    def _event(self, index: int, item: dict[str, Any]) -> NewEvent | None:
        at = pointer(index) if self._batch else ""
        faults = list(forbidden_values(item, at))
        envelope = None if faults else self._validated(Envelope, item, at)
        event = self._typed(envelope, at) if envelope else None
        self._faults.extend(faults)
        if envelope is None or event is None:
            return None
        return NewEvent.of(
            event,
            dedupe_id=envelope.id or (f"{self._webhook_id}:{index}" if self._webhook_id else None),
            occurred_at=envelope.occurred_at,
            source=self._sender.name,
        )

    def _typed(self, envelope: Envelope, at: str) -> Event | None:
        event_type = self._types.get(envelope.name)
        if event_type is None:
            self._faults.append(
                Fault(
                    pointer=at + "/name",
                    reason=f"unknown event {envelope.name!r}{did_you_mean(envelope.name, self._types)}",
                    cure="Send a name of GET /catalogue.",
                )
            )
            return None
        return self._validated(event_type, envelope.data, at + "/data")

    def _validated(self, model: type[_Model], value: Any, at: str) -> _Model | None:
        try:
            return model.model_validate(value, by_alias=True, by_name=False)
        except ValidationError as error:
            self._faults.extend(validation_faults(error, model, value, at))
            return None
