"""How the gateway says no: always JSON, ``{"error": "...", "details": [...]}``."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DBAPIError, TimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from groundwork.blocks.uuid7 import uuid7
from groundwork.blocks.verdict import Verdict, verdict_of
from groundwork.deployments.gateway.faults import shortened
from groundwork.deployments.gateway.paths import is_of_inngest, told_path

logger = logging.getLogger("uvicorn.error")

DATABASE_ERRORS = (DBAPIError, TimeoutError)
"""What SQLAlchemy raises: most say that the database is away or busy, others are PostgreSQL's verdict for good."""

_LONGEST_ERROR = 1_000
"""Characters of an error's text, which may hold what was sent, such as a path."""
_RETRY_AFTER = {"Retry-After": "2"}
"""Seconds. The embedded database restarts in about one."""


class Refusal(Exception):
    """The request is refused.

    Args:
        status: HTTP status.
        error: what is wrong, for a person.
        details: one object per fault, such as ``{"pointer": "/3/data/importId", "reason": "…", "cure": "…"}``.
        headers: further response headers.
    """

    def __init__(
        self,
        status: int,
        error: str,
        details: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.details = details
        self.headers = headers

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        content = {"error": shortened(self.error, _LONGEST_ERROR), "details": list(self.details)}
        return JSONResponse(content, self.status, self.headers)

    def inngest_response(self) -> JSONResponse:
        """The answer to a client of Inngest, of which some lose events in silence where ``error`` is missing."""
        content = {"ids": [], "status": self.status, "error": shortened(self.error, _LONGEST_ERROR) or "refused"}
        return JSONResponse(content, self.status, self.headers)


def queue_full() -> Refusal:
    """429: more requests wait for the database than the gateway keeps in memory."""
    return Refusal(429, "Too many requests are waiting for the database. Send this one again.", headers=_RETRY_AFTER)


def not_stored(error: BaseException, request: str = "POST /events") -> Refusal:
    """The answer to a sender whose events were not stored: where PostgreSQL refuses them for good, that sending them
    again is no use; else 503, since a COMMIT may have been lost or may only have lost its answer.

    Args:
        request: in the log.
    """
    if verdict := verdict_of(error):
        return _for_good(verdict, request)
    return Refusal(
        503,
        "The database did not confirm that it stored the events. Send the same request again: "
        "what has an id, or the same webhook-id or seed, is stored once.",
        headers=_RETRY_AFTER,
    )


def _for_good(verdict: Verdict, request: str) -> Refusal:
    """422 where the values are at fault, else 500. PostgreSQL's own words may quote a value: they are for the log."""
    mark = uuid7().hex
    logger.error("id %s: %s: PostgreSQL refuses for good: %s", mark, shortened(request), verdict)
    state = f" (SQLSTATE {verdict.sqlstate})" if verdict.sqlstate else ""
    if verdict.of_values:
        error = (
            f"PostgreSQL cannot store what was sent{state}, now or later, and nothing was stored. Do not send it again "
            f"as it is. The gateway's log has the reason under the id {mark}."
        )
        return Refusal(422, error)
    return Refusal(500, f"PostgreSQL refuses{state}. The gateway's log has the reason under the id {mark}.")


def install_handlers(app: FastAPI) -> None:
    """Answer every error of the application and of the framework as JSON."""

    def answer(request: Request, refusal: Refusal) -> JSONResponse:
        return refusal.inngest_response() if is_of_inngest(request.scope["path"]) else refusal.response()

    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> JSONResponse:
        return answer(request, refusal)

    @app.exception_handler(ClientDisconnect)
    async def left(request: Request, _: ClientDisconnect) -> Response:
        logger.info(
            "%s %s: the sender left before its body had arrived", request.method, told_path(request.scope["path"])
        )
        return Response(status_code=400)

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> JSONResponse:
        reason = f"{request.method} {told_path(request.scope['path'])}: {error.detail}"
        return answer(request, Refusal(error.status_code, reason, headers=error.headers))

    async def database(request: Request, error: Exception) -> JSONResponse:
        if verdict := verdict_of(error):
            return answer(request, _for_good(verdict, f"{request.method} {told_path(request.scope['path'])}"))
        return answer(request, Refusal(503, "The database cannot be reached. Ask again.", headers=_RETRY_AFTER))

    for error in DATABASE_ERRORS:
        app.add_exception_handler(error, database)

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> JSONResponse:
        mark = uuid7().hex
        path = told_path(request.scope["path"])
        logger.error("id %s: %s %s failed with %s", mark, request.method, path, type(error).__name__)
        return answer(request, Refusal(500, f"The gateway failed. Its log has the reason under the id {mark}."))
