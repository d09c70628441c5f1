"""From a request's JSON to events for the inbox, or to everything that is wrong with them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from groundwork.blocks.errors import NotStorable
from groundwork.blocks.ingest_keys import IngestKey
from groundwork.blocks.suggestions import did_you_mean
from groundwork.deployments.gateway.faults import Faults, Path, shortened
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.deployments.gateway.values import check_values
from groundwork.events.base import Event
from groundwork.events.catalogue import sendable_types
from groundwork.events.inbox import NewEvent
from groundwork.events.inbox.storing import EARLIEST_TS, LATEST_TS, LONGEST_ID

MOST_EVENTS = 1_000
"""Events of one request."""

_Model = TypeVar("_Model", bound=BaseModel)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("an id has printable characters only")
    return text


class Envelope(BaseModel):
    """An event as it is sent."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str
    data: dict[str, Any]
    id: Annotated[str, Field(min_length=1, max_length=LONGEST_ID), AfterValidator(_printable)] | None = None
    ts: Annotated[int, Field(ge=EARLIEST_TS, lt=LATEST_TS)] | None = None

    @property
    def occurred_at(self) -> datetime | None:
        """``ts``, which counts milliseconds since 1970 in UTC."""
        return datetime.fromtimestamp(self.ts / 1000, UTC) if self.ts is not None else None


def read_events(value: Any, sender: IngestKey, webhook_id: str | None) -> list[NewEvent]:
    """The events of a request.

    Args:
        value: the body's JSON value.
        sender: who sent it.
        webhook_id: stands in for the ids that events lack, so that a request that this sender repeats stores nothing.

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
    faults = Faults()
    types = sendable_types()
    for index, item in enumerate(items):
        path: Path = [index] if batch else []
        name, data = item.get("name"), item.get("data")
        if isinstance(name, str) and not sender.allows_event(types[name].event_name if name in types else name):
            add_not_allowed(faults, [*path, "name"], "event", name)
        workspace = data.get("workspaceId") if isinstance(data, dict) else None
        if isinstance(workspace, str) and not sender.allows_workspace(workspace):
            add_not_allowed(faults, [*path, "data", "workspaceId"], "workspace", workspace)
    if faults.count:
        raise Refusal(403, f"The key {sender.name!r} may not send this.", faults.told)


def add_not_allowed(faults: Faults, path: Path, kind: str, value: str) -> None:
    """Add that a key may not send for a workspace, or not an event."""
    faults.add(path, f"the key is not allowed for the {kind} {shortened(value, 100)!r}", "Use another key.")


class _Reading:
    """One pass over the events of a request, which collects faults instead of stopping at the first."""

    def __init__(self, sender: IngestKey, webhook_id: str | None, batch: bool) -> None:
        self._sender = sender
        self._webhook_id = webhook_id
        self._batch = batch
        self._types = sendable_types()
        self._faults = Faults()

    def read(self, items: Sequence[dict[str, Any]]) -> list[NewEvent]:
        events = [self._event(index, item) for index, item in enumerate(items)]
        if self._faults.count:
            raise Refusal(422, f"Nothing was accepted: {self._faults.summary()}.", self._faults.told)
        return [event for event in events if event is not None]

    def _event(self, index: int, item: dict[str, Any]) -> NewEvent | None:
        path: Path = [index] if self._batch else []
        before = self._faults.count
        check_values(item, path, self._faults)
        if self._faults.count > before:
            return None
        envelope = self._validated(Envelope, item, path)
        event = self._typed(envelope, path) if envelope else None
        if envelope is None or event is None:
            return None
        try:
            return NewEvent.of(
                event,
                dedupe_id=envelope.id or self._repeated_id(index),
                occurred_at=envelope.occurred_at,
                source=self._sender.name,
            )
        except NotStorable as error:
            self._faults.add([*path, "data"], str(error), "Send a value that JSON and PostgreSQL know.")
            return None

    def _repeated_id(self, index: int) -> str | None:
        """The id of an event that came without one. Another sender's webhook-id is another request, and no id that a
        sender may write has a tab."""
        return f"{self._sender.name}\t{self._webhook_id}:{index}" if self._webhook_id else None

    def _typed(self, envelope: Envelope, path: Path) -> Event | None:
        event_type = self._types.get(envelope.name)
        if event_type is None:
            hint = "" if self._faults.full else did_you_mean(envelope.name, self._types)
            reason = f"unknown event {shortened(envelope.name, 100)!r}{hint}"
            self._faults.add([*path, "name"], reason, "Send a name of GET /catalogue.")
            return None
        return self._validated(event_type, envelope.data, [*path, "data"])

    def _validated(self, model: type[_Model], value: Any, path: Path) -> _Model | None:
        try:
            return model.model_validate(value, by_alias=True, by_name=False)
        except ValidationError as error:
            self._faults.add_validation(error, model, value, path)
            return None
