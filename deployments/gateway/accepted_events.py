"""Which events a request brought, for the line that the access log has of it."""

import logging
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

from groundwork.events.inbox import Accepted

MOST = 10
"""Events that a line names. Too high: one request fills the log."""


@dataclass
class AcceptedEvents:
    """What became of the events of one request: workspace and id of the first few, and how many there were."""

    named: list[tuple[str, str]] = field(default_factory=list)
    number: int = 0

    def note(self, workspaces: Sequence[str], accepted: Sequence[Accepted]) -> None:
        """They are stored, or were before."""
        self.number += len(accepted)
        found = [(workspace, str(each.id)) for workspace, each in zip(workspaces, accepted, strict=True)]
        self.named += found[: MOST - len(self.named)]


_of_request: ContextVar[AcceptedEvents | None] = ContextVar("groundwork_accepted_events", default=None)


def events_of_this_request() -> AcceptedEvents:
    """The note that the request's own line is made of. uvicorn logs a request in the task that answers it."""
    events = _of_request.get()
    if events is None:
        events = AcceptedEvents()
        _of_request.set(events)
    return events


def with_accepted_events(record: logging.LogRecord) -> bool:
    """Add the events of the request that a record is about: ``accepted`` for text, the ids for JSON."""
    events = _of_request.get()
    record.accepted = ""
    if events is None or not events.named:
        return True
    workspaces = list(dict.fromkeys(workspace for workspace, _ in events.named))
    ids = [event_id for _, event_id in events.named]
    if events.number == 1:
        record.workspace_id, record.event_id = workspaces[0], ids[0]
    else:
        record.workspace_ids, record.event_ids, record.events = workspaces, ids, events.number
    more = f" and {events.number - len(ids)} more" if events.number > len(ids) else ""
    record.accepted = f" workspace={','.join(workspaces)} event={','.join(ids)}{more}"
    return True
