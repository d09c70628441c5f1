"""``POST /e/{event_key}``: accept events as Inngest's clients send them. ``docs/inngest-clients.md`` has the wire.

What a client does with an answer is the reason for its form: some lose events in silence where an error has no
``error``, and others try again for ever where a success has one.
"""

import asyncio
import json
from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response

from groundwork.blocks.errors import NotStorable
from groundwork.blocks.ingest_keys import IngestKey
from groundwork.blocks.ulid import ulid_of
from groundwork.deployments.gateway.authentication import Authentication
from groundwork.deployments.gateway.body import discard_body, parse_json, read_body, require_plain
from groundwork.deployments.gateway.forms import is_form, read_form
from groundwork.deployments.gateway.ingest import ANSWER_SECONDS, READ_AT_ONCE_BYTES
from groundwork.deployments.gateway.inngest_events import read_inngest_events
from groundwork.deployments.gateway.refusal import DATABASE_ERRORS, Refusal, not_stored
from groundwork.deployments.gateway.seed import HEADER, seed_of
from groundwork.deployments.gateway.writer import GroupWriter, QueueFull
from groundwork.events.inbox import Accepted, NewEvent
from groundwork.events.inbox.unknown import UnknownEvent

router = APIRouter()


@router.post("/e/{event_key}")
async def post_inngest_events(event_key: str, request: Request) -> Response:
    """Accept one event or an array of them, all or none; 200 means committed."""
    authentication: Authentication = request.app.state.authentication
    try:
        sender = authentication.sender_in_path(request, event_key)
        require_plain(request)
    except Refusal:
        await discard_body(request)
        raise
    body = await read_body(request)
    if len(body) <= READ_AT_ONCE_BYTES:
        events = _read(request, sender, body)
    else:
        loop = asyncio.get_running_loop()
        events = await loop.run_in_executor(request.app.state.readers, _read, request, sender, body)
    accepted = await _stored(request.app.state.writer, events, len(body)) if events else []
    answer = {"ids": [ulid_of(each.id) for each in accepted], "status": 200}
    return Response(json.dumps(answer, separators=(",", ":")) + "\n", 200, media_type="application/json")


def _read(request: Request, sender: IngestKey, body: bytes) -> list[NewEvent | UnknownEvent]:
    content_type = request.headers.get("content-type", "")
    json_begins = body.lstrip(b" \t\r\n")[:1] in (b"{", b"[")
    if not json_begins and is_form(content_type):
        value = read_form(content_type, body)
    elif json_begins:
        value = parse_json(body)
    else:
        raise Refusal(400, "Request body must contain an event object or an array of event objects.")
    return read_inngest_events(value, len(body), sender, seed_of(request.headers.get(HEADER)))


async def _stored(writer: GroupWriter, events: Sequence[NewEvent | UnknownEvent], size: int) -> list[Accepted]:
    try:
        return await asyncio.wait_for(writer.submit(events, size), ANSWER_SECONDS)
    except QueueFull:
        # Not 429: Inngest's client for Python tries again after 500 and more only.
        raise Refusal(503, "Too many requests are waiting for the database. Send this one again.") from None
    except NotStorable as error:
        raise Refusal(400, f"Nothing was accepted: {error}") from None
    except (*DATABASE_ERRORS, TimeoutError) as error:
        raise not_stored(error, "POST /e/…") from error
