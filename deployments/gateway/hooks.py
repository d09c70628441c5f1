"""``POST /hooks/{source}``: webhooks of providers; 2xx means committed.

Who may call: whoever proves to be the source's provider, over the raw body. No log and no answer has what follows the
source's name in the path, which may be a proof. A provider sends again what is not answered by 2xx, so what nobody here
can use is answered so, and counted.
"""

import asyncio
import inspect
import logging
import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.requests import ClientDisconnect

from groundwork.blocks.errors import ConfigurationError, NotStorable
from groundwork.blocks.settings import settings
from groundwork.blocks.uuid7 import uuid7
from groundwork.deployments.gateway.body import discard_body, read_body
from groundwork.deployments.gateway.faults import Faults
from groundwork.deployments.gateway.hook_counts import HookCounts
from groundwork.deployments.gateway.ingest import READ_AT_ONCE_BYTES
from groundwork.deployments.gateway.refusal import DATABASE_ERRORS, Refusal, not_stored, queue_full
from groundwork.deployments.gateway.values import check_values, too_many_values
from groundwork.deployments.gateway.writer import GroupWriter, QueueFull
from groundwork.events.webhooks import Delivery, Incoming, Malformed, Proved, Source, Unproved
from groundwork.events.webhooks.reading import Reading, read
from groundwork.events.webhooks.registry import Registered, sources

logger = logging.getLogger("uvicorn.error")

UNPROVED_LOG_SECONDS = 60.0
"""How often a source's log says why nothing proves itself. Higher: who sets a source up waits for the reason."""
_ECHO_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def routes_of(registered: Mapping[str, Registered]) -> APIRouter:
    """The routes of sources, below ``/hooks``."""
    router = APIRouter(prefix="/hooks")

    def found(name: str) -> Source:
        each = registered.get(name)
        if each is None or not each.source.is_on():
            raise Refusal(404, "There is no such source of webhooks.")
        return each.source

    @router.get("/{source}")
    def handshake(request: Request, source: str) -> Response:
        """Answer a provider that asks whether this address wants its webhooks."""
        return _handshake(request, found(source))

    @router.post("/{source}")
    async def webhook(request: Request, source: str) -> Response:
        """Take a webhook."""
        return await _Reception(request, found(source), "").answer()

    @router.post("/{source}/{beyond:path}")
    async def webhook_beyond(request: Request, source: str, beyond: str) -> Response:
        """Take a webhook at an address of its own."""
        return await _Reception(request, found(source), beyond).answer()

    return router


def _handshake(request: Request, source: Source) -> Response:
    if source.handshake is None:
        raise Refusal(405, f"Webhooks of {source.name} come by POST.", headers={"Allow": "POST"})
    try:
        form, challenge = source.handshake.reply(request.query_params)
    except Unproved as error:
        raise _unproved(request, source, error) from None
    except ValueError as error:
        raise Refusal(400, str(error)) from None
    if form == "json":
        return JSONResponse({source.handshake.answer: challenge}, headers=_ECHO_HEADERS)
    return PlainTextResponse(challenge, headers=_ECHO_HEADERS)


class _Reception:
    """One webhook on its way in."""

    def __init__(self, request: Request, source: Source, beyond: str) -> None:
        self._request = request
        self._source = source
        self._beyond = beyond
        self._counts: HookCounts = request.app.state.hook_counts

    async def answer(self) -> Response:
        """The answer; every error is told without the path and without what was sent."""
        name = self._source.name
        try:
            return await self._answer()
        except Refusal:
            raise
        except Unproved as error:
            raise _unproved(self._request, self._source, error) from None
        except Malformed as error:
            self._counts.add(name, "malformed")
            raise Refusal(400, f"The webhook is signed, and not as its provider documents: {error}.") from None
        except ClientDisconnect:
            raise Refusal(400, "The body did not arrive.") from None
        except ConfigurationError as error:
            logger.error("webhooks of %s are refused: %s", name, error)
            raise Refusal(503, f"This gateway is not configured for {name}.") from None
        except QueueFull:
            raise queue_full() from None
        except (*DATABASE_ERRORS, TimeoutError) as error:
            raise not_stored(error, f"POST /hooks/{name}") from error
        except Exception as error:
            mark = uuid7().hex
            place = traceback.extract_tb(error.__traceback__)[-1]
            logger.error(
                "id %s: a webhook of %s failed with %s at %s:%s",
                mark,
                name,
                type(error).__name__,
                place.filename,
                place.lineno,
            )
            raise Refusal(500, f"The gateway failed. Its log has the reason under the id {mark}.") from None

    async def _answer(self) -> Response:
        source = self._source
        if self._beyond and not source.secret_in_path:
            await discard_body(self._request)
            raise Refusal(404, "There is no such address for webhooks.")
        # They may come from a table.
        secrets = list(await asyncio.to_thread(source.secrets))
        if source.needs_secrets and not secrets:
            await discard_body(self._request)
            raise Refusal(404, f"Webhooks of {source.name} are not set up here. {source.cure}".rstrip())
        body = await read_body(self._request, source.largest_body)
        incoming = Incoming(
            method=self._request.method,
            uri=public_uri(self._request),
            headers=self._request.headers,
            body=body,
            beyond=self._beyond,
            address=self._request.client.host if self._request.client else None,
        )
        delivery = await self._proved(incoming, secrets)
        if (reply := self._reply(delivery.value)) is not None:
            return reply
        async with asyncio.timeout(source.answer_seconds):
            found = await self._in_thread(self._read, delivery)
            self._count(found)
            if found.misfits and source.misfit == "refuse":
                raise Refusal(422, f"It does not fit the event that it is mapped to: {found.misfits[0]}.")
            return await self._stored(found, len(body))

    async def _proved(self, incoming: Incoming, secrets: list[str]) -> Delivery:
        """The message, once its provider has proved it."""

        def checked() -> Any:
            return self._source.proof.check(incoming, secrets, time.time())

        small = len(incoming.body) <= READ_AT_ONCE_BYTES
        proved = checked() if small else await self._in_thread(checked)
        if inspect.isawaitable(proved):
            proved = await proved
        assert isinstance(proved, Proved)
        value = self._value(incoming) if small else await self._in_thread(self._value, incoming)
        return Delivery(value, incoming.body, incoming.headers, proved.id, proved.at, datetime.now(UTC))

    def _value(self, incoming: Incoming) -> Any:
        most = self._source.most_values
        if most is not None and too_many_values(incoming.body, most):
            raise Malformed(f"it has more than {most:,} values")
        try:
            return self._source.decode(incoming)
        except ValueError:
            raise Malformed("the body is not JSON") from None

    def _read(self, delivery: Delivery) -> Reading:
        """The events that a message tells of, without those that no sender may send: they hold a stranger's values."""
        found = read(self._source, delivery)
        events, found.events = found.events, []
        for event in events:
            faults = Faults()
            check_values(event.data, [], faults)
            if faults.count:
                logger.warning("a webhook of %s holds what no event may: %s", self._source.name, event.name)
                found.misfits.append(f"{event.name}: it holds what no event may, or too many values")
            else:
                found.events.append(event)
        return found

    def _reply(self, value: Any) -> Response | None:
        """What is answered in place of storing a message."""
        kind = value.get("type") if isinstance(value, dict) else None
        reply = self._source.replies.get(kind) if isinstance(kind, str) else None
        return JSONResponse(dict(reply(value)), headers=_ECHO_HEADERS) if reply else None

    async def _stored(self, found: Reading, size: int) -> Response:
        writer: GroupWriter = self._request.app.state.writer
        accepted = []
        if found.events:
            try:
                accepted = await writer.submit(found.events, size)
            except NotStorable as error:
                self._counts.add(self._source.name, "misfit", len(found.events))
                logger.warning("a webhook of %s is not stored: %s", self._source.name, type(error).__name__)
                if self._source.misfit == "refuse":
                    raise Refusal(422, "PostgreSQL cannot store what it holds.") from None
        duplicates = sum(each.duplicate for each in accepted)
        self._counts.add(self._source.name, "accepted", len(accepted) - duplicates)
        self._counts.add(self._source.name, "duplicate", duplicates)
        left_out = found.unmapped + found.strangers + len(found.misfits)
        content = {"accepted": len(accepted) - duplicates, "duplicates": duplicates, "leftOut": left_out}
        return JSONResponse(content, self._source.status)

    def _count(self, found: Reading) -> None:
        self._counts.add(self._source.name, "unmapped", found.unmapped)
        self._counts.add(self._source.name, "stranger", found.strangers)
        self._counts.add(self._source.name, "misfit", len(found.misfits))

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._request.app.state.readers, function, *arguments)


def _unproved(request: Request, source: Source, error: Unproved) -> Refusal:
    """The same answer whatever was wrong; the log has the reason, now and then."""
    request.app.state.hook_counts.add(source.name, "unproved")
    told: dict[str, float] = request.app.state.hooks_unproved
    now = time.monotonic()
    if now - told.get(source.name, -UNPROVED_LOG_SECONDS) >= UNPROVED_LOG_SECONDS:
        told[source.name] = now
        logger.warning("a webhook of %s is refused: %s. %s", source.name, error, source.cure)
    return Refusal(401, f"This is no webhook of {source.name}: its proof is not what this gateway knows.")


def public_uri(request: Request) -> str:
    """The URI that the sender called: behind a proxy, the one of ``GROUNDWORK_PUBLIC_URL``."""
    public, url = settings().public_url, request.url
    if public is None:
        return str(url)
    query = f"?{url.query}" if url.query else ""
    return f"{public.rstrip('/')}{url.path}{query}"


def application_routes(application: str) -> APIRouter:
    """The same sources below ``/<application>/hooks``, where providers may have been told of them."""
    return routes_of({name: each for name, each in sources().items() if each.application == application})
