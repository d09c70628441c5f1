"""Calls of a provider's HTTP API: bounded, without redirects, and with one meaning for each kind of answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from groundwork.blocks.errors import NonRetriable, RetryAfter
from groundwork.blocks.process_cache import process_cache

TIMEOUT = httpx.Timeout(20.0, connect=10.0)
"""Seconds. Too high: the lock of a refresh is held that long."""
LARGEST_ANSWER = 10 * 1024 * 1024
"""Bytes. A page of readings has some 100 KB."""
_BUSY = (429, 503)
_LONGEST_RESET = 86_400.0


class Gone(Exception):
    """The provider has no such object, or has it no more."""

    def __init__(self, at: datetime) -> None:
        super().__init__("the provider has no such object")
        self.at = at


class NotTaken(NonRetriable):
    """The provider refuses the request, and would refuse it again.

    Attributes:
        status: of HTTP.
        code: its own word for it, by RFC 6749, section 5.2; empty where it has none.
    """

    def __init__(self, message: str, status: int, code: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class NotLetIn(NotTaken):
    """The provider does not take the token, or what it stands for: 401 or 403."""


@dataclass(frozen=True)
class Answer:
    """A document of a provider.

    Attributes:
        at: when the provider said so, by its own clock.
    """

    document: dict[str, Any]
    at: datetime


@process_cache
def client() -> httpx.Client:
    """The process's client: connections are kept open."""
    return httpx.Client(timeout=TIMEOUT, follow_redirects=False)


def ask(method: str, url: str, *, headers: Mapping[str, str], **options: Any) -> Answer:
    """Ask a provider.

    Args:
        options: of httpx, such as ``params``, ``data`` or ``json``.

    Raises:
        Gone: 404 or 410.
        NotLetIn: 401 or 403.
        NotTaken: any other 4xx, or a redirect.
        RetryAfter: 429 or 503, for as long as the answer says.
        NonRetriable: the answer is no JSON, or too large.
        httpx.HTTPError: the provider is away, or fails.
    """
    with client().stream(method, url, headers=headers, **options) as response:
        at = clock_of(response)
        if response.status_code in (404, 410):
            raise Gone(at)
        if response.status_code in _BUSY:
            raise busy(response)
        if response.is_server_error:
            response.raise_for_status()
        body = _body(response)
        if not response.is_success:
            raise _not_taken(response, body)
    return Answer(_object(body, response), at)


def busy(response: httpx.Response) -> RetryAfter:
    """What a provider asks that is busy: by ``Retry-After``, or else by ``X-RateLimit-Reset`` in seconds, as WHOOP."""
    asked = RetryAfter.of(response)
    reset = response.headers.get("x-ratelimit-reset", "")
    if "retry-after" not in response.headers and reset.isascii() and reset.isdigit():
        return RetryAfter(str(asked), min(float(reset), _LONGEST_RESET))
    return asked


def clock_of(response: httpx.Response) -> datetime:
    """When the provider answered, by its header ``Date``; by our clock where it has none."""
    try:
        moment = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, TypeError):
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _not_taken(response: httpx.Response, body: bytes) -> NotTaken:
    try:
        said = json.loads(body).get("error")
    except (ValueError, AttributeError, RecursionError):
        said = None
    code = said[:60] if isinstance(said, str) and said.isprintable() else ""
    status = response.status_code
    message = f"{response.request.url.host} answered {status} to {response.url.path}{': ' * bool(code)}{code}"
    return (NotLetIn if status in (401, 403) else NotTaken)(message, status, code)


def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    for block in response.iter_bytes():
        body += block
        if len(body) > LARGEST_ANSWER:
            raise NonRetriable(f"{response.request.url.host} answered with more than {LARGEST_ANSWER:,} bytes")
    return bytes(body)


def _object(body: bytes, response: httpx.Response) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, list):
        return {"data": document}
    if not isinstance(document, dict):
        raise NonRetriable(f"{response.request.url.host} answered {response.url.path} with something that is no JSON")
    return document
