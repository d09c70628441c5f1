"""From a request of a client of Inngest to events for the inbox, or to everything that is wrong with them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from groundwork.blocks.errors import NotStorable
from groundwork.blocks.ingest_keys import OF_KEY, IngestKey
from groundwork.blocks.settings import settings
from groundwork.blocks.suggestions import did_you_mean
from groundwork.blocks.words import counted
from groundwork.deployments.gateway.envelope import add_not_allowed
from groundwork.deployments.gateway.faults import Faults, Path, shortened
from groundwork.deployments.gateway.inngest_event import InngestEvent, Place
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.deployments.gateway.seed import Seed
from groundwork.deployments.gateway.values import check_values
from groundwork.events.base import Event
from groundwork.events.catalogue import sendable_types
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import NewEvent
from groundwork.events.inbox.unknown import UnknownEvent

MOST_EVENTS = 5_000
"""Events of one request, as Inngest has it."""
LARGEST_EVENT = 3 * 1024 * 1024
"""Bytes of one event, as Inngest has it."""
_TOLD = 3
"""Faults that an answer names. Clients show its one line of text only."""
_LONGEST_REASON = 250
"""Characters of each."""


def read_inngest_events(value: Any, size: int, sender: IngestKey, seed: Seed | None) -> list[NewEvent | UnknownEvent]:
    """The events of a request, in its order.

    Args:
        value: the body's JSON value: an event or a list of them, which may be empty.
        size: bytes of the body.
        sender: who sent it.
        seed: which the client sends again with the same request.

    Raises:
        Refusal: 400 with the first faults; 403 for what the sender may not send.
    """
    batch = isinstance(value, list)
    items = value if batch else [value]
    if not all(isinstance(item, dict) for item in items):
        raise Refusal(400, "Request body must contain an event object or an array of event objects.")
    if len(items) > MOST_EVENTS:
        raise Refusal(400, f"Cannot have more than {MOST_EVENTS} events in a batch.")
    _check_sizes(items, size)
    return _Reading(sender, seed, batch).read(items)


class _Reading:
    """One pass over the events of a request, which collects faults instead of stopping at the first."""

    def __init__(self, sender: IngestKey, seed: Seed | None, batch: bool) -> None:
        self._sender = sender
        self._seed = seed
        self._batch = batch
        self._types = sendable_types()
        self._faults = Faults()
        self._forbidden = Faults()

    def read(self, items: Sequence[dict[str, Any]]) -> list[NewEvent | UnknownEvent]:
        events = [self._event(index, item) for index, item in enumerate(items)]
        if self._forbidden.count:
            raise Refusal(403, f"The key {self._sender.name!r} may not send this: {_told(self._forbidden)}")
        if self._faults.count:
            raise Refusal(400, f"Nothing was accepted: {_told(self._faults)}")
        return [event for event in events if event is not None]

    def _event(self, index: int, item: dict[str, Any]) -> NewEvent | UnknownEvent | None:
        path: Path = [index] if self._batch else []
        before = self._faults.count
        check_values(item, path, self._faults)
        if self._faults.count > before:
            return None
        try:
            sent = InngestEvent.model_validate(item)
        except ValidationError as error:
            self._faults.add_validation(error, InngestEvent, item, path)
            return None
        kind = self._types.get(sent.name)
        name = kind.event_name if kind else sent.name
        if not self._sender.allows_event(name):
            add_not_allowed(self._forbidden, [*path, "name"], "event", name)
            return None
        if kind is None and settings().unknown_events == "refuse":
            hint = "" if self._faults.full else did_you_mean(sent.name, self._types)
            self._faults.add([*path, "name"], f"unknown event {shortened(sent.name, 100)!r}{hint}", "")
            return None
        place = self._place(sent, (kind and kind.workspace_from) or self._sender.workspace_from, path)
        if place is None:
            return None
        id = self._seed.id_of(index + 1) if self._seed else None
        if kind is None:
            return self._unknown(sent, item, place, id)
        return self._known(sent, kind, place, path=path, id=id)

    def _place(self, sent: InngestEvent, where: str, path: Path) -> Place | None:
        """The workspace at the place that is declared, and at no other."""
        found = self._sender.workspaces[0] if where == OF_KEY else sent.workspace_at(where)
        pointer: Path = [*path, *("data.workspaceId" if where == OF_KEY else where).split(".")]
        if found is None:
            self._faults.add(
                pointer,
                f"the workspace of {shortened(sent.name, 100)!r} is looked for here, and no text or number is",
                "Send it there, or declare another place: workspace_from of the event type or of the key, or "
                "GROUNDWORK_INNGEST_WORKSPACE.",
            )
            return None
        try:
            workspace = str(WorkspaceId(found))
        except (TypeError, ValueError) as error:
            self._faults.add(pointer, str(error), "")
            return None
        if sent.workspace_at("data.workspaceId") not in (None, workspace):
            self._faults.add(
                [*path, "data", "workspaceId"], "it is another workspace than the declared place has", "Leave it out."
            )
            return None
        if not self._sender.allows_workspace(workspace):
            add_not_allowed(self._forbidden, pointer, "workspace", workspace)
            return None
        return Place(where, workspace)

    def _known(
        self, sent: InngestEvent, kind: type[Event], place: Place, *, path: Path, id: UUID | None
    ) -> NewEvent | None:
        data = sent.data_for(kind, place)
        try:
            new = sent.typed(kind, data, self._sender.name)
        except ValidationError as error:
            self._faults.add_validation(error, kind, data, [*path, "data"])
            return None
        except NotStorable as error:
            self._faults.add([*path, "data"], str(error), "Send a value that JSON and PostgreSQL know.")
            return None
        return replace(new, id=id, request_id=id)

    def _unknown(self, sent: InngestEvent, item: dict[str, Any], place: Place, id: UUID | None) -> UnknownEvent:
        if isinstance(item.get("data"), dict):
            item["data"].pop("_inngest", None)
        return UnknownEvent(
            name=sent.name,
            workspace_id=place.workspace_id,
            workspace_from=place.path,
            document=item,
            occurred_at=sent.occurred_at or datetime.now(UTC),
            source=self._sender.name,
            id=id,
            request_id=id,
            sent_id=sent.id or None,
        )


def _check_sizes(items: Sequence[dict[str, Any]], size: int) -> None:
    """Refuse an event of more than 3 MiB, which a smaller body has none of."""
    if size <= LARGEST_EVENT:
        return
    sizes = [len(json.dumps(item, ensure_ascii=False).encode(errors="replace")) for item in items]
    if (largest := max(sizes, default=0)) > LARGEST_EVENT:
        raise Refusal(400, f"Event is over the max size: Max {LARGEST_EVENT} bytes / Size {largest} bytes")


def _told(faults: Faults) -> str:
    told = []
    for fault in faults.told[:_TOLD]:
        reason = f"{fault['pointer'] or 'the event'}: {shortened(fault['reason'], _LONGEST_REASON)}"
        told.append(f"{reason}. {fault['cure']}" if fault["cure"] else reason)
    if faults.count > len(told):
        told.append(f"and {counted(faults.count - len(told), 'more fault')}")
    text = "; ".join(each.rstrip(".") for each in told)
    return text if text.endswith("?") else f"{text}."
