"""The body of a request: bounded while it streams in, and parsed once."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request
from pydantic_core import from_json

from groundwork.blocks.settings import settings
from groundwork.deployments.gateway.faults import Fault
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.deployments.gateway.values import MOST_VALUES, too_many_values


def require_json(request: Request) -> None:
    """Check what the headers say about the body.

    Raises:
        Refusal: 415.
    """
    media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    if media_type.strip() != "application/json":
        found = repr(media_type) if media_type else "missing"
        raise Refusal(415, f"Content-Type is {found}; send application/json.")
    charset = parameters.partition("charset=")[2].strip(' ";')
    if charset not in ("", "utf-8", "utf8"):
        raise Refusal(415, f"The charset is {charset!r}; JSON is sent as UTF-8.")
    require_plain(request)


def require_plain(request: Request) -> None:
    """Check that the body is not compressed.

    Raises:
        Refusal: 415.
    """
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise Refusal(415, f"Content-Encoding is {encoding!r}; send the body without compression.")


async def read_body(request: Request, most: int | None = None) -> bytes:
    """The raw body.

    Args:
        most: bytes that it may have. None: ``GROUNDWORK_MAX_BODY_BYTES``.

    Raises:
        Refusal: 413.
    """
    limit = settings().max_body_bytes if most is None else most
    chunks: list[bytes] = []
    size = 0
    async for chunk in _bounded(request, limit):
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        else:
            chunks.clear()
    if size > limit:
        raise _too_large(limit)
    return b"".join(chunks)


async def discard_body(request: Request) -> None:
    """Read a body without keeping it, so that the sender, who still writes, gets to see the answer.

    Raises:
        Refusal: 413.
    """
    async for _ in _bounded(request, settings().max_body_bytes):
        pass


async def _bounded(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body as it streams in. At twice the limit patience ends, and with it the connection."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > 2 * limit:
            raise _too_large(limit, {"Connection": "close"})
        yield chunk


def _too_large(limit: int, headers: dict[str, str] | None = None) -> Refusal:
    return Refusal(
        413,
        f"The body is larger than {limit:,} bytes. Send fewer events at once; put files into the blob store.",
        headers=headers,
    )


def parse_json(body: bytes) -> Any:
    """The body's JSON value.

    Raises:
        Refusal: 400, with the position of the fault; 422 for too many values, whose parsing would take much memory.
    """
    if too_many_values(body):
        fault = Fault(
            pointer="",
            reason=f"the body has more than {MOST_VALUES:,} values (fields and elements)",
            cure="Send fewer events at once. Put what is this large into the blob store, and send its key.",
        )
        raise Refusal(422, "Nothing was accepted: 1 fault.", [fault])
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Refusal(400, f"The body is not JSON: {error}.") from None
