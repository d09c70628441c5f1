"""The page of one event: what it carries, what became of it, what it caused and what caused it."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from groundwork.blocks.database import database
from groundwork.deployments.console.access import Access, Viewer
from groundwork.deployments.console.fields import event_id_of, form_of
from groundwork.deployments.console.files import files_of
from groundwork.deployments.console.pages import page, see
from groundwork.deployments.console.payload import shown_json, shown_payload
from groundwork.deployments.console.route import ConsoleRoute
from groundwork.deployments.gateway.links import without_links
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.events.inbox import DeliveryStatus, EventStatus, event_status
from groundwork.events.inbox.audit import Change, record
from groundwork.events.inbox.dead_letters import dead_of_event, replay_deliveries
from groundwork.events.inbox.inspection import ChainedEvent, chain_of, kept_steps, stored_event
from groundwork.events.inbox.looking import looking
from groundwork.events.inbox.status import AttemptError

router = APIRouter(route_class=ConsoleRoute)

_STAGES = {
    "admittedAt": "admitted",
    "postedAt": "posted to Prefect",
    "runCreatedAt": "run created",
    "pickedUpAt": "picked up",
    "processStartedAt": "process started",
    "claimedAt": "claimed",
    "firstStepAt": "first step",
    "settledAt": "settled",
}


@dataclass(frozen=True)
class _Stage:
    """A stage that a delivery has reached: after how many seconds, and after how many since the one before."""

    name: str
    after: float
    since_last: float


@dataclass(frozen=True)
class _Shown:
    """A delivery for the page."""

    status: DeliveryStatus
    stages: list[_Stage]
    error: str | None
    errors: list[tuple[AttemptError, str]]
    result: tuple[str, bool] | None
    files: list[str]


@dataclass(frozen=True)
class _Node:
    """An event of a chain with what was sent for it."""

    event: ChainedEvent
    hidden: bool
    children: "list[_Node]"


@router.get("/events/{event_id}")
def show_event(event_id: str, request: Request) -> Response:
    """One event."""
    access: Access = request.app.state.console
    viewer = access.viewer(request)
    key = event_id_of(event_id)
    with looking() as connection:
        event = stored_event(connection, key)
        status = event_status(connection, key)
        if event is None or status is None or not viewer.may_see(event.workspace_id):
            raise Refusal(404, "There is no such event, or it is not kept any more.")
        steps = kept_steps(connection, key)
        chain = chain_of(connection, event.correlation_id)
    payload, is_cut = shown_payload(event.name, event.data)
    return page(
        request,
        "event",
        viewer,
        event=event,
        payload=payload,
        is_cut=is_cut,
        deliveries=[_shown(each, status) for each in status.deliveries],
        steps=[(each, without_links(each.error)) for each in steps],
        chain=_tree(chain, viewer) if len(chain) > 1 else [],
        chain_length=len(chain),
        dead=sum(each.state == "failed" for each in status.deliveries),
    )


@router.post("/events/{event_id}/replay")
async def replay_event(event_id: str, request: Request) -> Response:
    """Queue the dead letters of one event again."""
    access: Access = request.app.state.console
    viewer = access.operator(request, await form_of(request))
    key = event_id_of(event_id)
    await asyncio.to_thread(_replay, key, viewer)
    return see(request, f"events/{key}")


def _replay(event_id: UUID, viewer: Viewer) -> None:
    with database().transaction() as connection:
        event = stored_event(connection, event_id)
        queued = replay_deliveries(connection, dead_of_event(connection, event_id)) if event else []
        if event is None or not queued:
            raise Refusal(409, "Nothing of this event is dead any more: somebody else has decided about it meanwhile.")
        details = {"event": str(event_id), "deliveries": len(queued)}
        record(
            connection,
            Change(actor=viewer.name, action="replay", job=None, workspace_id=event.workspace_id, details=details),
        )


def _shown(delivery: DeliveryStatus, event: EventStatus) -> _Shown:
    stages, last = [], event.accepted_at
    # In the order in which they were reached: a delivery that was replayed keeps some of its first attempt.
    for stage, at in sorted(delivery.trace.items(), key=lambda each: each[1]):
        stages.append(_Stage(_STAGES[stage], _between(event.accepted_at, at), _between(last, at)))
        last = at
    errors = [(each, str(without_links(each.error))) for each in delivery.errors]
    known = {delivery.waits_for, *(each.error for each in delivery.errors)}
    error: Any = None if delivery.last_error in known else without_links(delivery.last_error)
    result = shown_json(delivery.result) if delivery.result is not None else None
    return _Shown(delivery, stages, error, errors, result, files_of(delivery.result))


def _between(one: datetime, other: datetime) -> float:
    return (other - one).total_seconds()


def _tree(chain: list[ChainedEvent], viewer: Viewer) -> list[_Node]:
    """The chain as a tree; where the cause of an event is gone, it stands at the top."""
    known = {each.id for each in chain}
    caused: dict[UUID | None, list[ChainedEvent]] = defaultdict(list)
    for each in chain:
        caused[each.causation_id if each.causation_id in known else None].append(each)

    def node(each: ChainedEvent, depth: int) -> _Node:
        children = [node(child, depth + 1) for child in caused[each.id]] if depth < 50 else []
        return _Node(each, not viewer.may_see(each.workspace_id), children)

    return [node(each, 0) for each in caused[None]]
