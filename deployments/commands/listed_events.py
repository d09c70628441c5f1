"""Events as the command line lists and shows them."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.schema.states import DeliveryState
from groundwork.blocks.suggestions import did_you_mean
from groundwork.blocks.words import printable
from groundwork.deployments.commands.status import lines_of_status
from groundwork.deployments.commands.tables import table
from groundwork.events.inbox import EventStatus
from groundwork.events.inbox.inspection import StoredEvent
from groundwork.events.inbox.search import ListedEvent, Page, Wanted
from groundwork.events.inbox.short_ids import short_id
from groundwork.events.secret_fields import without_secrets

_HEADINGS = ("accepted", "event", "workspace", "deliveries", "id")


def wanted_of(
    *,
    workspace: str | None,
    name: str | None,
    state: str | None,
    job: str | None,
    since: datetime | None,
    field: str | None,
) -> Wanted:
    """Which events the options ask for.

    Raises:
        ConfigurationError: there is no such state, or the field is not told as ``importId=imp-7``.
    """
    if state is not None and state not in tuple(DeliveryState):
        raise ConfigurationError(f"unknown state {state!r}{did_you_mean(state, list(DeliveryState))}")
    path, mark, value = (field or "").partition("=")
    if field is not None and not (mark and path):
        raise ConfigurationError(f"--field {field!r}: say field and value, such as importId=imp-7 or options.mode=full")
    return Wanted(
        workspace_id=workspace,
        name=name,
        state=DeliveryState(state) if state else None,
        job=job,
        since=since,
        path=tuple(path.split(".")) if path else None,
        value=value if path else None,
    )


def lines_of(page: Page) -> Iterator[str]:
    """A page for people."""
    if page.events:
        yield table([_HEADINGS, *map(_row, page.events)], range(len(_HEADINGS)))
    elif page.looked_to is None:
        yield "no event fits"
    if page.looked_to is not None:
        yield f"looked back to {page.looked_to:%Y-%m-%d %H:%M:%S %Z}; go on with --before {page.older}"


def page_json(page: Page) -> dict[str, Any]:
    """A page for programs."""
    return {"events": [event_json(each) for each in page.events], "next": str(page.older) if page.older else None}


def event_json(event: ListedEvent) -> dict[str, Any]:
    """An event of a list for programs."""
    return {
        "id": str(event.id),
        "name": event.name,
        "workspaceId": event.workspace_id,
        "acceptedAt": event.accepted_at.isoformat(),
        "deliveries": [
            {"id": str(each.id), "job": each.job, "state": each.state, "attempt": each.attempt}
            for each in event.deliveries
        ],
    }


def shown_event(event: StoredEvent, status: EventStatus, *, as_json: bool) -> Iterator[str]:
    """An event with what it carries."""
    data = without_secrets(event.name, event.data)
    if as_json:
        yield json.dumps(json.loads(status.model_dump_json(by_alias=True)) | {"source": event.source, "data": data})
        return
    yield from lines_of_status(status)
    yield f"sent by {printable(event.source)}"
    yield printable(json.dumps(data, indent=2, ensure_ascii=False))


def _row(event: ListedEvent) -> tuple[str, ...]:
    deliveries = ", ".join(f"{each.job} {each.state}" for each in event.deliveries) or "no job listens"
    return (
        f"{event.accepted_at:%Y-%m-%d %H:%M:%S}", printable(event.name), printable(event.workspace_id), deliveries,
        short_id(event.id),
    )  # fmt: skip
