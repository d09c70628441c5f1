"""The pages of jobs, of what may be sent, and of what people changed."""

import json
from typing import Any

from fastapi import APIRouter, Request, Response

from groundwork.blocks.process_cache import process_cache
from groundwork.deployments.console.access import Access, Viewer
from groundwork.deployments.console.fields import number_of
from groundwork.deployments.console.pages import page
from groundwork.deployments.console.route import ConsoleRoute
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.events.catalogue import event_types
from groundwork.events.examples import example_of
from groundwork.events.inbox.audit import audit_entries
from groundwork.events.inbox.job_overview import COUNT_TO, job_overview
from groundwork.events.inbox.jobs import listeners
from groundwork.events.inbox.looking import looking
from groundwork.flows.limits import UNLIMITED

router = APIRouter(route_class=ConsoleRoute)

_AUDIT_PAGE = 100


@router.get("/jobs")
def show_jobs(request: Request) -> Response:
    """Every job: its options, what it holds, how the last hour went."""
    viewer = _of_all_workspaces(request)
    with looking() as connection:
        jobs = job_overview(connection)
    shown = [(each, _words(each.limits)) for each in jobs]
    return page(request, "jobs", viewer, jobs=shown, count_to=COUNT_TO, unlimited=UNLIMITED)


@router.get("/catalogue")
def show_catalogue(request: Request) -> Response:
    """Every event that may be sent: its fields, who listens, an example."""
    access: Access = request.app.state.console
    viewer = access.viewer(request)
    with looking() as connection:
        listening = listeners(connection)
    jobs = {name: [each.job for each in found] for name, found in listening.items()}
    return page(request, "catalogue", viewer, events=_types(), jobs=jobs)


@router.get("/audit")
def show_audit(request: Request) -> Response:
    """What people changed here."""
    viewer = _of_all_workspaces(request)
    before = number_of(dict(request.query_params), "before")
    with looking() as connection:
        entries = audit_entries(connection, before=int(before) if before is not None else None, most=_AUDIT_PAGE)
    return page(request, "audit", viewer, entries=entries, more=len(entries) == _AUDIT_PAGE)


def _of_all_workspaces(request: Request) -> Viewer:
    """Who looks, if it is somebody who sees all workspaces.

    Raises:
        Refusal: 404: these figures are of all of them.
    """
    access: Access = request.app.state.console
    viewer = access.viewer(request)
    if viewer.workspace is not None:
        raise Refusal(404, "There is no such page.")
    return viewer


@process_cache
def _types() -> list[dict[str, Any]]:
    """The event types as the page shows them; making their schemas takes a tenth of a second."""
    return [
        {
            "name": name,
            "aliases": kind.aliases,
            "about": " ".join((kind.__doc__ or "").split()),
            "fields": _fields(kind.model_json_schema()),
            "example": _example(kind),
        }
        for name, kind in event_types().items()
    ]


def _words(limits: dict[str, Any]) -> list[str]:
    """What a job says of debounce, throttle and so on."""
    return [f"{name.replace('_', ' ')}: {json.dumps(each, ensure_ascii=False)}" for name, each in limits.items()]


def _example(kind: type) -> str | None:
    example = example_of(kind)
    return None if example is None else json.dumps(example, indent=2, ensure_ascii=False)


def _fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    defs, required = schema.get("$defs", {}), schema.get("required", ())
    return [
        {
            "name": name,
            "kind": _kind(each, defs),
            "required": name in required,
            "secret": each.get("secret") is True,
            "about": " ".join(str(each.get("description", "")).split()),
        }
        for name, each in schema.get("properties", {}).items()
    ]


def _kind(schema: dict[str, Any], defs: dict[str, Any], depth: int = 0) -> str:
    """The type of a field in words."""
    if "$ref" in schema:
        schema = {**defs.get(schema["$ref"].rpartition("/")[2], {}), **schema}
    if depth > 3:
        return "…"
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return ", ".join(map(json.dumps, schema["enum"]))
    if either := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_kind(each, defs, depth + 1) for each in either))
    kind = schema.get("type", "anything")
    if kind == "string":
        return {"date-time": "time, RFC 3339", "date": "date", "uuid": "UUID"}.get(schema.get("format", ""), "text")
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}), defs, depth + 1)}"
    words = {"integer": "whole number", "number": "number", "boolean": "true or false"}
    return words.get(kind, str(kind))
