"""The page of dead letters: by job and error, replayed or discarded together once somebody has confirmed how many."""

import asyncio
from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from groundwork.blocks.database import database
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.words import counted
from groundwork.deployments.console.access import Access, Viewer
from groundwork.deployments.console.fields import form_of, moment_of, said
from groundwork.deployments.console.pages import page, see
from groundwork.deployments.console.route import ConsoleRoute
from groundwork.deployments.gateway.links import without_links
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.events.inbox.audit import Change, record
from groundwork.events.inbox.dead_groups import LOOKED_AT, MOST_AT_ONCE, dead_groups, dead_of_group
from groundwork.events.inbox.dead_letters import discard, replay_deliveries
from groundwork.events.inbox.looking import looking

router = APIRouter(route_class=ConsoleRoute)

_ACTIONS = ("replay", "discard")


@router.get("/dead")
def show_dead(request: Request) -> Response:
    """Dead letters by job and error."""
    access: Access = request.app.state.console
    viewer = access.viewer(request)
    with looking() as connection:
        groups = dead_groups(connection, workspace_id=viewer.workspace)
    shown = [(each, without_links(each.error)) for each in groups]
    done = request.query_params.get("done", "")
    told = done if done.isascii() and len(done) < 100 and done.startswith(("Replayed ", "Discarded ")) else None
    return page(request, "dead", viewer, groups=shown, looked_at=LOOKED_AT, told=told)


@router.get("/dead/confirm")
def confirm(request: Request) -> Response:
    """Ask whether so many are meant. Changes nothing."""
    access: Access = request.app.state.console
    viewer = access.viewer(request)
    if not viewer.is_operator:
        raise Refusal(403, "A viewer changes nothing. Sign in with the key of an operator.")
    return _asked(request, viewer, dict(request.query_params))


@router.post("/dead")
async def decide(request: Request) -> Response:
    """Replay or discard what was confirmed; where it is not that any more, ask again."""
    access: Access = request.app.state.console
    fields = await form_of(request)
    viewer = access.operator(request, fields)
    return await asyncio.to_thread(_decide, request, viewer, fields)


def _asked(request: Request, viewer: Viewer, fields: dict[str, str], *, changed: bool = False) -> Response:
    action, job, key = _chosen(fields)
    until = datetime.now(UTC)
    with looking() as connection:
        number = len(dead_of_group(connection, job, key, until))
        group = next((each for each in dead_groups(connection) if (each.job, each.key) == (job, key)), None)
    return page(
        request,
        "dead_confirm",
        viewer,
        409 if changed else 200,
        action=action,
        job=job,
        key=key,
        error=without_links(group.error) if group else "",
        number=number,
        until=until.isoformat(),
        most=MOST_AT_ONCE,
        changed=changed,
    )


def _decide(request: Request, viewer: Viewer, fields: dict[str, str]) -> Response:
    action, job, key = _chosen(fields)
    until, confirmed = moment_of(fields, "until"), said(fields, "number")
    if until is None or confirmed is None:
        raise ConfigurationError("confirm how many dead letters are meant")
    with database().transaction() as connection:
        ids = dead_of_group(connection, job, key, until)
        if str(len(ids)) == confirmed and ids:
            decided = (
                replay_deliveries(connection, ids) if action == "replay" else discard(connection, ids, viewer.name)
            )
            if decided:
                details = {"deliveries": len(decided), "error": key}
                change = Change(actor=viewer.name, action=action, job=job, workspace_id=None, details=details)
                record(connection, change)
                verb = "Replayed" if action == "replay" else "Discarded"
                told = f"{verb} {counted(len(decided), 'dead letter')} of {job}"
                return see(request, f"dead?{urlencode({'done': told})}")
    return _asked(request, viewer, fields, changed=True)


def _chosen(fields: dict[str, str]) -> tuple[str, str, str]:
    action, job, key = said(fields, "action"), said(fields, "job"), said(fields, "key")
    if action not in _ACTIONS or job is None or key is None:
        raise ConfigurationError("say what is to be replayed or discarded")
    return action, job, key
