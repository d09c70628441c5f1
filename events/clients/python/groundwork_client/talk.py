"""What is said to the gateway and in which order, without saying it: the sync and the async client both do as they are
told here.

A conversation is a generator. It yields what to do, is sent what came of it, and returns its result.
"""

import json
import random
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
from standardwebhooks import Webhook

from .errors import GatewayAway, NotAGateway, Refused
from .event import Event, Receipt

MOST_EVENTS = 1_000
"""Events that the gateway takes in one request."""
LONGEST_PAUSE = 30.0
"""Seconds between two tries at most, whatever the gateway asks for."""
_AGAIN = frozenset({408, 425, 429, 502, 503, 504})
"""Answers after which the same request may succeed."""


@dataclass(frozen=True)
class Ask:
    """Ask the gateway, and send back its response, or the error that kept it away."""

    method: str
    path: str
    content: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Pause:
    """Wait for so many seconds."""

    seconds: float


Todo = Ask | Pause
Came = httpx.Response | httpx.TransportError | None
Talk = Generator[Todo, Came, Any]


@dataclass(frozen=True)
class Manner:
    """How a client talks.

    Attributes:
        tries: of each request.
        first_pause: seconds before the second try; each further pause is twice as long, by chance up to half shorter.
        most_bytes: of one request.
        webhook: that signs; None: requests are not signed.
    """

    tries: int = 4
    first_pause: float = 0.5
    most_bytes: int = 3 * 1024 * 1024
    webhook: Webhook | None = None


def send(events: Sequence[Event], manner: Manner) -> Generator[Todo, Came, list[Receipt]]:
    """Send events in as few requests as hold them.

    Raises:
        Refused: the gateway cannot take one of them. What was sent before stays sent.
        GatewayAway: it does not answer. Sending all again is harmless.
        NotAGateway: something else answers.
    """
    receipts: list[Receipt] = []
    for group in groups(events, manner.most_bytes):
        receipts += yield from _send_group(group, manner)
    return receipts


def _send_group(events: Sequence[Event], manner: Manner) -> Generator[Todo, Came, list[Receipt]]:
    body = b"[" + b",".join(each.encoded for each in events) + b"]"
    try:
        answer = yield from asked("POST", "/events", manner, body, ids=[each.id for each in events])
    except Refused as error:
        if error.status != 413 or len(events) == 1:
            raise
        half = len(events) // 2
        first = yield from _send_group(events[:half], manner)
        rest = yield from _send_group(events[half:], manner)
        return first + rest
    ids = answer.get("ids")
    if not isinstance(ids, list) or len(ids) != len(events):
        raise NotAGateway(f"it took {len(events)} events and did not answer with as many ids")
    return [Receipt(event.id, str(event_id)) for event, event_id in zip(events, ids, strict=True)]


def asked(
    method: str, path: str, manner: Manner, body: bytes = b"", *, ids: Sequence[str] = ()
) -> Generator[Todo, Came, dict[str, Any]]:
    """Ask until there is an answer; each try is the same message, signed anew.

    Raises:
        Refused, GatewayAway, NotAGateway: see :func:`send`.
    """
    message_id = f"msg_{uuid4().hex}"
    told = ""
    for number in range(manner.tries):
        came = yield Ask(method, path, body, tuple(_headers(body, message_id, manner.webhook)))
        wait = manner.first_pause * 2**number * random.uniform(0.5, 1.0)  # noqa: S311 - spreads tries, proves nothing
        if isinstance(came, httpx.Response):
            if came.status_code not in _AGAIN:
                return _answer(came, ids)
            told = f"it answered {came.status_code}"
            wait = max(wait, _asked_for(came))
        else:
            told = f"{type(came).__name__}"
        if number + 1 < manner.tries:
            yield Pause(min(wait, LONGEST_PAUSE))
    raise GatewayAway(f"the gateway did not take it in {manner.tries} tries; the last time: {told}")


def groups(events: Sequence[Event], most_bytes: int) -> Iterator[Sequence[Event]]:
    """Events in their order, in groups that one request can hold."""
    start = size = 0
    for place, event in enumerate(events):
        bytes_of_event = len(event.encoded) + 1
        if place > start and (place - start >= MOST_EVENTS or size + bytes_of_event > most_bytes):
            yield events[start:place]
            start, size = place, 0
        size += bytes_of_event
    if events[start:]:
        yield events[start:]


def once(manner: Manner) -> Manner:
    """The same manner with one try."""
    return replace(manner, tries=1)


def _headers(body: bytes, message_id: str, webhook: Webhook | None) -> Iterator[tuple[str, str]]:
    if not body:
        return
    yield "content-type", "application/json"
    yield "webhook-id", message_id
    if webhook is not None:
        now = datetime.now(UTC)
        yield "webhook-timestamp", str(int(now.timestamp()))
        yield "webhook-signature", webhook.sign(message_id, now, body.decode())


def _answer(response: httpx.Response, ids: Sequence[str]) -> dict[str, Any]:
    try:
        answer = json.loads(response.content)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not (response.is_success or "error" in answer):
        raise NotAGateway(f"it answered {response.status_code}, and not as a Groundwork gateway does. Check the URL")
    if response.is_success:
        return answer
    details = answer.get("details")
    raise Refused(
        response.status_code,
        str(answer["error"]),
        [each for each in details if isinstance(each, dict)] if isinstance(details, list) else [],
        ids,
    )


def _asked_for(response: httpx.Response) -> float:
    """Seconds of a ``Retry-After``; 0 for a date or none."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0
