"""``POST /nurture/hooks/…``: what CRMs tell of changes. 202 means committed; the work is done behind."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from groundwork.blocks.nurture.crm.settings import crm_settings
from groundwork.blocks.settings import settings
from groundwork.deployments.gateway.body import discard_body, parse_json, read_body
from groundwork.deployments.gateway.nurture.changes import Told, events_of
from groundwork.deployments.gateway.nurture.hubspot_changes import changes_of as hubspot_changes
from groundwork.deployments.gateway.nurture.hubspot_signature import SignedRequest, verify
from groundwork.deployments.gateway.refusal import DATABASE_ERRORS, Refusal, not_stored, queue_full
from groundwork.deployments.gateway.writer import GroupWriter, QueueFull

router = APIRouter(prefix="/hooks")

ANSWER_SECONDS = 4.0
"""How long a CRM waits for the database: HubSpot gives up after five. Too low: 503 during a checkpoint."""


@router.post("/hubspot", status_code=202)
async def post_hubspot(request: Request) -> JSONResponse:
    """Take changes of HubSpot's contacts."""
    given = crm_settings().hubspot_client_secret
    if given is None:
        await discard_body(request)
        raise Refusal(404, "Webhooks of HubSpot are not set up: set GROUNDWORK_HUBSPOT_CLIENT_SECRET.")
    body = await read_body(request)
    signed = SignedRequest(
        request.method,
        public_uri(request),
        body,
        request.headers.get("x-hubspot-request-timestamp", ""),
        request.headers.get("x-hubspot-signature-v3", ""),
    )
    secrets = [each.strip() for each in given.get_secret_value().split(",") if each.strip()]
    verify(signed, secrets, time.time())
    return await _accepted(request, body, hubspot_changes)


@router.post("/reapit", status_code=202)
async def post_reapit(request: Request) -> JSONResponse:
    """Take changes of Reapit's contacts."""
    if not crm_settings().reapit_webhooks:
        await discard_body(request)
        raise Refusal(404, "Webhooks of Reapit are not set up: set GROUNDWORK_REAPIT_WEBHOOKS.")
    # Only where it is asked for: cryptography is of the extra `nurture`.
    from groundwork.deployments.gateway.nurture.reapit_changes import changes_of as reapit_changes
    from groundwork.deployments.gateway.nurture.reapit_keys import ReapitKeys
    from groundwork.deployments.gateway.nurture.reapit_signature import Signature

    body = await read_body(request)
    signature = Signature.of(request.headers.get("x-signature", ""))
    signature.require_lately(time.time())
    state = request.app.state
    if not hasattr(state, "reapit_keys"):
        state.reapit_keys = ReapitKeys()
    signature.verify(await state.reapit_keys.key(signature.key_id), body)
    return await _accepted(request, body, reapit_changes)


def public_uri(request: Request) -> str:
    """The URI that the sender called: behind a proxy, the one of GROUNDWORK_PUBLIC_URL."""
    public, url = settings().public_url, request.url
    if public is None:
        return str(url)
    query = f"?{url.query}" if url.query else ""
    return f"{public.rstrip('/')}{url.path}{query}"


async def _accepted(request: Request, body: bytes, changes_of: Callable[[Any], Iterable[Told]]) -> JSONResponse:
    """Store what a body tells of, and say how much that was."""
    told = list(changes_of(parse_json(body)))
    writer: GroupWriter = request.app.state.writer
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            events = await asyncio.to_thread(events_of, told)
            accepted = await writer.submit(events, len(body)) if events else []
    except QueueFull:
        raise queue_full() from None
    except (*DATABASE_ERRORS, TimeoutError) as error:
        raise not_stored(error) from error
    new = sum(not each.duplicate for each in accepted)
    return JSONResponse({"accepted": new, "duplicates": len(accepted) - new}, 202)
