"""``/fitness/hooks/…``: webhooks of providers of wearables.

Who may call: Oura and WHOOP by their signature over the raw body, Garmin by the secret in its path. They only record
what was told; a job does the rest. A provider sends again what is not answered by 2xx, so what nobody here can use is
answered by 200 too, and logged.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.requests import ClientDisconnect

from groundwork.blocks.database import database
from groundwork.blocks.errors import ConfigurationError, NotStorable
from groundwork.deployments.gateway.body import discard_body, parse_json, read_body
from groundwork.deployments.gateway.faults import shortened
from groundwork.deployments.gateway.fitness.messages import Message, garmin_messages, oura_messages, whoop_messages
from groundwork.deployments.gateway.fitness.proof import (
    garmin_secrets,
    is_garmins,
    oura_signature,
    same_as_any,
    signed_at,
    whoop_signature,
)
from groundwork.deployments.gateway.ingest import ANSWER_SECONDS
from groundwork.deployments.gateway.refusal import DATABASE_ERRORS, Refusal, not_stored, queue_full
from groundwork.deployments.gateway.writer import GroupWriter, QueueFull
from groundwork.events.fitness.sync import WearableDataReceived
from groundwork.events.inbox import NewEvent
from groundwork.tasks.fitness.connections.record import connections_of_users_anywhere
from groundwork.tasks.fitness.providers.oura import Oura
from groundwork.tasks.fitness.providers.whoop import Whoop
from groundwork.tasks.fitness.settings import fitness_settings

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/hooks")

LONGEST_CHALLENGE = 512
"""Characters that are echoed to whoever knows the verification token."""


@router.get("/oura")
def verify_oura(verification_token: str = "", challenge: str = "") -> JSONResponse:
    """Answer Oura's handshake when a subscription is made."""
    token = fitness_settings().oura_verification_token
    known = [token.get_secret_value()] if token else []
    if not same_as_any(verification_token, known):
        raise _unproved()
    if not 1 <= len(challenge) <= LONGEST_CHALLENGE:
        raise Refusal(400, f"challenge: 1 to {LONGEST_CHALLENGE} characters.")
    return JSONResponse({"challenge": challenge}, headers={"Cache-Control": "no-store"})


@router.post("/oura")
async def from_oura(request: Request) -> JSONResponse:
    """Take a webhook of Oura; 2xx means committed."""
    body = await read_body(request)
    timestamp = request.headers.get("x-oura-timestamp", "")
    _, secrets = Oura.credentials(fitness_settings())
    moment = signed_at(timestamp, per_second=1)
    known = [oura_signature(secret, timestamp, body) for secret in secrets]
    if not same_as_any(request.headers.get("x-oura-signature", ""), known) or moment is None:
        raise _unproved()
    return await _recorded(request, oura_messages(parse_json(body), moment), len(body))


@router.post("/whoop")
async def from_whoop(request: Request) -> JSONResponse:
    """Take a webhook of WHOOP; 2xx means committed."""
    body = await read_body(request)
    timestamp = request.headers.get("x-whoop-signature-timestamp", "")
    _, secrets = Whoop.credentials(fitness_settings())
    moment = signed_at(timestamp, per_second=1000)
    known = [whoop_signature(secret, timestamp, body) for secret in secrets]
    if not same_as_any(request.headers.get("x-whoop-signature", ""), known) or moment is None:
        raise _unproved()
    return await _recorded(request, whoop_messages(parse_json(body), moment), len(body))


@router.post("/garmin/{secret}")
async def from_garmin(request: Request, secret: str) -> JSONResponse:
    """Take a push of Garmin; 2xx means committed. No log and no answer has the path, which is the proof."""
    try:
        proved = same_as_any(secret, garmin_secrets())
        if not (proved and is_garmins(request.client.host if request.client else None)):
            await discard_body(request)
            raise _unproved()
        body = await read_body(request)
        messages = await asyncio.get_running_loop().run_in_executor(request.app.state.readers, _pushed, body)
        return await _recorded(request, messages, len(body))
    except Refusal:
        raise
    except ClientDisconnect:
        raise Refusal(400, "The body did not arrive.") from None
    except ConfigurationError as error:
        logger.error("garmin's webhooks are refused: %s", error)
        raise Refusal(503, "This gateway is not configured for Garmin.") from None
    except Exception as error:
        logger.error("a push of garmin failed with %s", type(error).__name__)
        raise Refusal(500, "The gateway failed. Send the push again.") from None


async def _recorded(request: Request, messages: Sequence[Message], size: int) -> JSONResponse:
    """Record messages in the workspaces of the connections that they are about."""
    writer: GroupWriter = request.app.state.writer
    try:
        reading = asyncio.get_running_loop().run_in_executor(request.app.state.readers, _events, messages)
        events = await asyncio.wait_for(reading, ANSWER_SECONDS)
        accepted = await asyncio.wait_for(writer.submit(events, size), ANSWER_SECONDS) if events else []
    except QueueFull:
        raise queue_full() from None
    except NotStorable as error:
        logger.warning("a webhook is not stored: %s", error)
        return JSONResponse({"accepted": 0})
    except (*DATABASE_ERRORS, TimeoutError) as error:
        raise not_stored(error) from error
    return JSONResponse({"accepted": sum(not each.duplicate for each in accepted)})


def _events(messages: Sequence[Message]) -> list[NewEvent]:
    """The events of messages: one in each workspace that has the person. Of nobody's messages there are none."""
    if not messages:
        return []
    now = datetime.now(UTC)
    users = {each.provider_user for each in messages}
    with database().transaction() as connection:
        linked = connections_of_users_anywhere(connection, messages[0].provider, users)
    found: list[NewEvent] = []
    unknown = users - {each.provider_user for each in linked}
    for user in sorted(unknown):
        logger.warning("%s told of %s, to whom nobody here is connected", messages[0].provider, shortened(repr(user)))
    for message in messages:
        for owner in linked:
            if owner.provider_user == message.provider_user:
                found += _event(message, owner.workspace_id, now)
    return found


def _event(message: Message, workspace_id: str, now: datetime) -> list[NewEvent]:
    values: dict[str, Any] = {
        "workspace_id": workspace_id,
        "provider": message.provider,
        "provider_user": message.provider_user,
        **message.fields,
    }
    try:
        event = WearableDataReceived.model_validate(values)
        occurred_at = min(message.fields["sent_at"], now)
        return [NewEvent.of(event, dedupe_id=message.dedupe_id, occurred_at=occurred_at, source=message.provider)]
    except (ValidationError, NotStorable) as error:
        # It would be so when it is sent again.
        logger.warning("a webhook of %s is not stored: %s", message.provider, type(error).__name__)
        return []


def _pushed(body: bytes) -> Sequence[Message]:
    """What a push of Garmin holds. It may have more values than events may: series of a day, which are not stored."""
    try:
        return garmin_messages(from_json(body, allow_inf_nan=False))
    except ValueError as error:
        raise Refusal(400, f"The body is not JSON: {error}.") from None


def _unproved() -> Refusal:
    return Refusal(401, "This is no webhook of the provider's: signature, timestamp or path is not what we know.")
