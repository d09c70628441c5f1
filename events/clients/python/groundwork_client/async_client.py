"""The client for asyncio."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Self
from uuid import UUID

import httpx

from .errands import Disk, Errand, Errands, Options, events_of, http_options
from .event import Event, Flushed, Receipt
from .talk import Ask, Pause


class AsyncClient:
    """Sends events to one gateway with one key. Tasks of one loop may share it.

    Args:
        url: of the gateway, such as ``https://jobs.example.com``.
        key: event key.
        more: options; see :class:`~.errands.Options`.

    Raises:
        ValueError: an option cannot be.
    """

    def __init__(self, url: str, key: str, **more: Any) -> None:
        options = Options(url, key, **more)
        self._errands = Errands(options)
        self._http = httpx.AsyncClient(**http_options(options))

    async def send(
        self, name: str, data: Mapping[str, Any], *, id: str | None = None, ts: int | None = None
    ) -> Receipt:
        """Send an event; it is stored, or in the outbox, when this returns.

        Args:
            name, data, id, ts: see :class:`~.event.Event`.

        Raises:
            Refused: the gateway cannot take it; the message names the field.
            GatewayAway: it does not answer, and there is no outbox.
            NotAGateway: something else answers.
            OutboxFull: the gateway has been away for long.
        """
        return (await self.send_many(events_of(name, data, id=id, ts=ts)))[0]

    async def send_many(self, events: Iterable[Event]) -> list[Receipt]:
        """Send events, in requests of up to 1,000. Each request is stored as a whole or not at all; if one is refused,
        those before it stay sent, and sending all again stores none of them twice.

        Raises:
            Refused, GatewayAway, NotAGateway, OutboxFull: see :meth:`send`.
        """
        receipts: list[Receipt] = await self._carry_out(self._errands.send(list(events)))
        return receipts

    async def flush(self) -> Flushed:
        """Send what waits in the outbox. Every :meth:`send` does so first; call it as well when the program starts."""
        flushed: Flushed = await self._carry_out(self._errands.flush())
        return flushed

    async def status(self, event_id: str | UUID) -> dict[str, Any]:
        """What became of an event, as ``GET /events/{id}`` says.

        Raises:
            Refused: 404, no such event, or not this key's to see.
            GatewayAway, NotAGateway: see :meth:`send`.
        """
        found: dict[str, Any] = await self._carry_out(self._errands.status(str(UUID(str(event_id)))))
        return found

    async def close(self) -> None:
        """End the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _carry_out(self, errand: Errand) -> Any:
        came: Any = None
        while True:
            try:
                todo = errand.send(came)
            except StopIteration as done:
                return done.value
            came = None
            match todo:
                case Ask(method, path, content, headers):
                    try:
                        came = await self._http.request(method, path, content=content, headers=list(headers))
                    except httpx.TransportError as error:
                        came = error
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case Disk(work):
                    came = await asyncio.to_thread(work)
