"""Signing in and out, and links that open one workspace for a customer."""

import asyncio
import secrets
import time
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from groundwork.blocks.console_keys import ANY_WORKSPACE
from groundwork.blocks.settings import settings
from groundwork.deployments.console import tokens
from groundwork.deployments.console.access import (
    COOKIE,
    FORM_COOKIE,
    LONGEST_LINK_SECONDS,
    SESSION_SECONDS,
    Access,
    is_own_machine,
    new_grant,
    set_cookie,
)
from groundwork.deployments.console.fields import form_of
from groundwork.deployments.console.pages import page, see
from groundwork.deployments.console.route import ConsoleRoute
from groundwork.deployments.gateway.body import parse_json, read_body, require_json
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.events.identifiers import WorkspaceId

router = APIRouter(route_class=ConsoleRoute)
api = APIRouter()
"""What programs ask: refusals are JSON."""

_FORM_SECONDS = 3600
_LONGEST_NEXT = 1_000


@router.get("/sign-in")
def ask(request: Request) -> Response:
    """The form. It carries what the browser has in a cookie too, which another site cannot set."""
    return _form(request, request.query_params.get("next", ""))


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Begin a session."""
    access: Access = request.app.state.console
    fields = await form_of(request)
    access.check_form(request, fields, request.cookies.get(FORM_COOKIE, ""))
    return await asyncio.to_thread(_signed_in, request, access, fields)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    access: Access = request.app.state.console
    access.check_form(request, await form_of(request), access.viewer(request).form_token)
    response = see(request, "sign-in")
    set_cookie(response, request, COOKIE, "", seconds=0)
    return response


@router.get("/embed")
def open_link(request: Request) -> Response:
    """Begin the session of a link. Its token is no part of the path, which the access log has and cookies hang on."""
    access: Access = request.app.state.console
    found = tokens.read("link", request.query_params.get("token", ""), access.keys)
    if found is None:
        raise Refusal(404, "This link is not valid, or its time is over. Open it again where you got it.")
    grant, entry = found
    response = see(request, "events")
    access.begin(response, request, new_grant(entry, grant.expires_at - time.time(), grant.workspace), entry)
    return response


class _Link(BaseModel):
    """Which link is wanted."""

    model_config = ConfigDict(extra="forbid")

    workspace: Annotated[str, AfterValidator(WorkspaceId)] = Field(alias="workspaceId")
    seconds: int = Field(3600, ge=1, le=LONGEST_LINK_SECONDS)


@api.post("/links")
async def make_link(request: Request) -> JSONResponse:
    """A link that shows a customer its workspace: who has it sees that one, and changes nothing."""
    access: Access = request.app.state.console
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    entry = access.keys.find(key.strip()) if scheme.lower() == "bearer" else None
    if entry is None or (entry.is_development and not is_own_machine(request)):
        raise Refusal(401, "Send the header Authorization: Bearer <key of the console>.")
    require_json(request)
    try:
        wanted = _Link.model_validate(parse_json(await read_body(request, 4096)))
    except ValidationError as error:
        faults = [{"pointer": "/" + "/".join(map(str, each["loc"])), "reason": each["msg"]} for each in error.errors()]
        raise Refusal(400, "The body is no wish for a link.", faults) from None
    if entry.workspace not in (ANY_WORKSPACE, wanted.workspace):
        raise Refusal(403, "This key sees another workspace.")
    grant = new_grant(entry, wanted.seconds, str(wanted.workspace))
    base = settings().public_url or f"http://127.0.0.1:{request.url.port or settings().port}"
    url = f"{base.rstrip('/')}/console/embed?token={tokens.signed('link', grant, entry)}"
    return JSONResponse({"url": url, "expiresAt": grant.expires_at}, headers={"Cache-Control": "no-store"})


def _signed_in(request: Request, access: Access, fields: dict[str, str]) -> Response:
    entry = access.keys.find(fields.get("key", "").strip())
    wanted = fields.get("next", "")
    if entry is None:
        return _form(request, wanted, 401, "The console does not know that key.")
    if entry.is_development and not is_own_machine(request):
        return _form(
            request,
            wanted,
            403,
            "The development key is for http://127.0.0.1 and http://localhost on the machine itself. Set "
            "GROUNDWORK_CONSOLE_KEY to a key of your own.",
        )
    response = see(request, wanted if _is_of_console(wanted) else "events")
    access.begin(response, request, new_grant(entry, SESSION_SECONDS), entry)
    set_cookie(response, request, FORM_COOKIE, "", seconds=0)
    return response


def _form(request: Request, wanted: str, status: int = 200, fault: str | None = None) -> Response:
    access: Access = request.app.state.console
    mark = request.cookies.get(FORM_COOKIE, "")
    if len(mark) != 32 or not mark.isascii():
        mark = secrets.token_hex(16)
    content: dict[str, Any] = {
        "form_token": mark,
        "fault": fault,
        "next": wanted if _is_of_console(wanted) else "",
        "no_keys": not access.keys.entries,
        "development": any(each.is_development for each in access.keys.entries) and is_own_machine(request),
    }
    response = page(request, "sign_in", None, status, **content)
    set_cookie(response, request, FORM_COOKIE, mark, seconds=_FORM_SECONDS)
    return response


def _is_of_console(target: str) -> bool:
    """Whether it is safe to lead somebody there after signing in: a page of the console, told as from ``/console/``."""
    path = target.partition("?")[0]
    usual = len(target) <= _LONGEST_NEXT and target.isascii() and target.isprintable() and "\\" not in target
    return usual and bool(path) and not path.startswith("/") and ":" not in path and ".." not in path
