"""``POST /events``: accept events."""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from groundwork.blocks.errors import NotStorable
from groundwork.deployments.gateway.authentication import Authentication
from groundwork.deployments.gateway.body import discard_body, parse_json, read_body, require_json
from groundwork.deployments.gateway.envelope import read_events
from groundwork.deployments.gateway.refusal import DATABASE_ERRORS, Refusal, not_stored, queue_full
from groundwork.deployments.gateway.writer import GroupWriter, QueueFull
from groundwork.events.inbox import NewEvent

router = APIRouter()

ANSWER_SECONDS = 20.0
"""How long a request waits for the database. Too low: 503 during a checkpoint. Too high: senders give up first."""


READ_AT_ONCE_BYTES = 16 * 1024
"""Larger bodies are verified and validated in a thread. Too low: each request costs a hand-over between threads. Too
high: all others wait meanwhile."""


@router.post("/events", status_code=202)
async def post_events(request: Request) -> JSONResponse:
    """Accept one event or an array of them; 202 means committed."""
    authentication: Authentication = request.app.state.authentication
    writer: GroupWriter = request.app.state.writer

    try:
        sender = authentication.sender(request)
        require_json(request)
    except Refusal:
        await discard_body(request)
        raise
    body = await read_body(request)

    def read() -> list[NewEvent]:
        webhook_id = authentication.verify(sender, request, body)
        return read_events(parse_json(body), sender, webhook_id)

    small = len(body) <= READ_AT_ONCE_BYTES
    events = read() if small else await asyncio.get_running_loop().run_in_executor(request.app.state.readers, read)
    try:
        accepted = await asyncio.wait_for(writer.submit(events, len(body)), ANSWER_SECONDS)
    except QueueFull:
        raise queue_full() from None
    except NotStorable as error:
        raise Refusal(422, f"Nothing was accepted: {error}") from None
    except (*DATABASE_ERRORS, TimeoutError) as error:
        raise not_stored(error) from error
    duplicates = sum(each.duplicate for each in accepted)
    return JSONResponse(
        {
            "ids": [str(each.id) for each in accepted],
            "accepted": len(accepted) - duplicates,
            "duplicates": duplicates,
        },
        202,
    )
