"""Routes of the console: whatever goes wrong is a page, and who is not signed in is asked to."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError

from groundwork.blocks.errors import ConfigurationError, UnknownName
from groundwork.blocks.uuid7 import uuid7
from groundwork.blocks.verdict import verdict_of
from groundwork.deployments.console.access import Access, SignInWanted, Viewer
from groundwork.deployments.console.pages import page, see
from groundwork.deployments.console.shared import LIVE_HEADER
from groundwork.deployments.gateway.paths import told_path
from groundwork.deployments.gateway.refusal import DATABASE_ERRORS, Refusal

logger = logging.getLogger("uvicorn.error")

_STATEMENT_TIMEOUT = "57014"


class ConsoleRoute(APIRoute):
    """A route whose every error is a page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            access: Access = request.app.state.console
            try:
                if request.method == "GET" and LIVE_HEADER in request.headers:
                    viewer = access.viewer(request)
                    return await access.pages.shown(request, viewer, lambda: handler(request))
                if request.method == "GET":
                    return await handler(request)
                try:
                    return await handler(request)
                finally:
                    access.pages.forget()
            except SignInWanted:
                path = request.scope["path"].partition("/console/")[2]
                query = f"?{request.url.query}" if request.url.query else ""
                wanted = f"?next={quote(path + query, safe='')}" if path and request.method == "GET" else ""
                return see(request, f"sign-in{wanted}")
            except Refusal as refusal:
                status, title, text = refusal.status, _TITLES.get(refusal.status, "Refused"), refusal.error
            except (UnknownName, ConfigurationError) as error:
                status, title, text = 400, "That cannot be", str(error)
            except DATABASE_ERRORS as error:
                status, title, text = _of_database(error, request)
            except Exception as error:
                mark = uuid7().hex
                path = told_path(request.scope["path"])
                logger.error("id %s: %s %s failed", mark, request.method, path, exc_info=error)
                status, title = 500, "The console failed"
                text = f"The gateway's log has the reason under the id {mark}."
            # Rendering takes a millisecond of CPU; nobody else's request is to wait for it.
            return await asyncio.to_thread(
                page, request, "fault", _known_viewer(request), status, title=title, text=text
            )

        return handle


_TITLES = {403: "Not allowed", 404: "Not found", 413: "Too large", 409: "Changed meanwhile"}


def _of_database(error: Exception, request: Request) -> tuple[int, str, str]:
    state = getattr(getattr(error, "orig", None), "sqlstate", None) if isinstance(error, DBAPIError) else None
    if state == _STATEMENT_TIMEOUT:
        return 503, "That takes too long", "Narrow the search: by workspace, name or time."
    if verdict := verdict_of(error):
        mark = uuid7().hex
        logger.error("id %s: %s %s: %s", mark, request.method, told_path(request.scope["path"]), verdict)
        return 500, "PostgreSQL refuses", f"The gateway's log has the reason under the id {mark}."
    return (
        503,
        "The database is away",
        "PostgreSQL does not answer the gateway. Nothing that was accepted is lost; load this page again in a while.",
    )


def _known_viewer(request: Request) -> Viewer | None:
    access: Access = request.app.state.console
    try:
        return access.viewer(request)
    except SignInWanted:
        return None
