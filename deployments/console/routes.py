"""All of the console's routes, as the gateway takes them in."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from groundwork.blocks.console_keys import ConsoleKeys
from groundwork.deployments.console import dead, event, events, files, jobs, lanes, sign_in
from groundwork.deployments.console.access import Access
from groundwork.deployments.console.pages import FOLDER, asset_marks, see
from groundwork.deployments.console.route import ConsoleRoute
from groundwork.deployments.console.shared import SharedPages
from groundwork.deployments.gateway.refusal import Refusal

PREFIX = "/console"

_KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}

_ends = APIRouter(route_class=ConsoleRoute)


def console_routes() -> APIRouter:
    """The routes. They are not part of the gateway's document for senders."""
    router = APIRouter(prefix=PREFIX, include_in_schema=False, route_class=ConsoleRoute)
    router.add_api_route("", begin)
    for module in (sign_in, events, event, files, lanes, dead, jobs):
        router.include_router(module.router)
    router.include_router(sign_in.api)
    router.include_router(_ends)
    return router


def access_of(keys: ConsoleKeys) -> Access:
    """What the gateway keeps as ``app.state.console``."""
    return Access(keys, SharedPages())


@_ends.get("/assets/{name}")
def asset(name: str) -> Response:
    """A style or a script. Its address changes with it."""
    if name not in asset_marks():
        raise Refusal(404, "There is no such file.")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    kind = _KINDS[name.rpartition(".")[2]]
    return FileResponse(FOLDER / "assets" / name, media_type=kind, headers=headers)


@_ends.get("/")
def begin(request: Request) -> Response:
    """The console begins with the events."""
    return see(request, "events")


@_ends.get("/{path:path}")
def nowhere(path: str) -> Response:  # noqa: ARG001
    """Whatever else is asked for."""
    raise Refusal(404, "There is no such page.")
