"""Fields of forms and of queries, as people fill them in."""

from datetime import datetime
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Request

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.moments import read_utc
from groundwork.blocks.ulid import id_of
from groundwork.deployments.gateway.body import read_body
from groundwork.deployments.gateway.refusal import Refusal

_MOST_BYTES = 16 * 1024
_MOST_FIELDS = 50
_LONGEST = 500
"""Characters of a field."""


def event_id_of(text: str) -> UUID:
    """The id of an event in an address.

    Raises:
        Refusal: 404, it is none.
    """
    try:
        return id_of(text) or UUID(text)
    except ValueError:
        raise Refusal(404, "There is no such event, or it is not kept any more.") from None


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; of one that is given several times, the last.

    Raises:
        Refusal: 400, 413 or 415.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise Refusal(415, "This is no form of the console.")
    body = await read_body(request, _MOST_BYTES)
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"))
    except ValueError:
        raise Refusal(400, "This is no form of the console.") from None


def said(fields: dict[str, str], name: str) -> str | None:
    """What a field says; None where it says nothing.

    Raises:
        ConfigurationError: it has characters that nothing looked for has, or too many.
    """
    text = fields.get(name, "").strip()
    if not text:
        return None
    if len(text) > _LONGEST or not text.isprintable():
        raise ConfigurationError(f"{name}: up to {_LONGEST} printable characters")
    return text


def moment_of(fields: dict[str, str], name: str) -> datetime | None:
    """A time as a browser's field gives it, which is UTC here.

    Raises:
        ConfigurationError: it is none.
    """
    text = said(fields, name)
    if text is None:
        return None
    try:
        at = read_utc(text)
    except ValueError:
        raise ConfigurationError(f"{name}: {text!r} is no time; say it like 2026-05-01T14:30") from None
    if not 1970 <= at.year <= 9000:
        raise ConfigurationError(f"{name}: {text!r} is no time that anything happened at")
    return at


def number_of(fields: dict[str, str], name: str) -> float | None:
    """A number.

    Raises:
        ConfigurationError: it is none.
    """
    text = said(fields, name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        raise ConfigurationError(f"{name}: {text!r} is no number") from None
    if not abs(number) <= 2**31 - 1:  # neither is what is not a number
        raise ConfigurationError(f"{name}: {text!r} is too large")
    return number
