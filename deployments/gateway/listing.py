"""``GET /events?…``: events that a sender looks for, page by page, newest first."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from groundwork.blocks.moments import read_utc
from groundwork.blocks.schema.states import DeliveryState
from groundwork.deployments.gateway.authentication import Authentication
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.events.catalogue import event_types
from groundwork.events.inbox.looking import looking
from groundwork.events.inbox.search import Cursor, ListedEvent, Wanted, search_events

router = APIRouter()

MOST = 200
_KNOWN = ("workspaceId", "name", "state", "job", "since", "until", "before", "limit")


@router.get("/events")
def get_events(
    request: Request,
    workspace: Annotated[str | None, Query(alias="workspaceId")] = None,
    *,
    name: str | None = None,
    state: str | None = None,
    job: str | None = None,
) -> dict[str, Any]:
    """Events of the workspaces and names that the key may send, with the state of each delivery; payloads are not told.
    ``since`` and ``until`` are times (RFC 3339), ``limit`` is up to 200, ``before`` is ``next`` of the page before."""
    authentication: Authentication = request.app.state.authentication
    sender = authentication.sender(request)
    asked = request.query_params
    if unknown := sorted(set(asked) - set(_KNOWN)):
        raise Refusal(400, f"Nothing is looked for by {unknown[0]!r}, but by {', '.join(_KNOWN)}.")
    if state is not None and state not in tuple(DeliveryState):
        raise Refusal(400, f"state: {state!r} is none; states are {', '.join(DeliveryState)}.")
    if any("\x00" in each for each in asked.values()):
        raise Refusal(400, "Nothing that is looked for has the character NUL.")
    wanted = Wanted(
        workspace_id=workspace,
        name=name,
        state=DeliveryState(state) if state else None,
        job=job,
        since=_time(asked.get("since"), "since"),
        until=_time(asked.get("until"), "until"),
        workspaces=None if sender.workspaces == "*" else tuple(sender.workspaces),
        names=None if sender.events == "*" else tuple(each for each in event_types() if sender.allows_event(each)),
    )
    with looking() as connection:
        page = search_events(connection, wanted, before=_cursor(asked.get("before")), most=_limit(asked.get("limit")))
    return {"events": [_told(each) for each in page.events], "next": str(page.older) if page.older else None}


def _told(event: ListedEvent) -> dict[str, Any]:
    return {
        "id": str(event.id),
        "name": event.name,
        "workspaceId": event.workspace_id,
        "acceptedAt": event.accepted_at.isoformat(),
        "deliveries": [{"job": each.job, "state": each.state, "attempt": each.attempt} for each in event.deliveries],
    }


def _time(text: str | None, name: str) -> datetime | None:
    if text is None:
        return None
    try:
        # A plus sign of a zone that a client has not escaped arrives as a space.
        at = read_utc(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise Refusal(400, f"{name}: {text!r} is no time; send RFC 3339, such as 2026-05-01T14:30:00Z.") from None
    if not 1970 <= at.year <= 9000:
        raise Refusal(400, f"{name}: {text!r} is no time that anything happened at.")
    return at


def _cursor(text: str | None) -> Cursor | None:
    try:
        return Cursor.read(text) if text else None
    except ValueError:
        raise Refusal(400, "before is what a page has told as next.") from None


def _limit(text: str | None) -> int:
    if text is None:
        return 50
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST):
        raise Refusal(400, f"limit is a whole number from 1 to {MOST}.")
    return int(text)
