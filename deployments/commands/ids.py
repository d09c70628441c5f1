"""Ids on the command line: whole, or as many of their first characters as it takes."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.ulid import id_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from groundwork.events.inbox.short_ids import Candidate

    Find = Callable[[Connection, str, int], list[Candidate]]

_FEWEST = 4
_MOST_SHOWN = 10
_DIGITS = re.compile(r"[0-9a-f]{4,32}")


def digits_of(text: str) -> str:
    """The hexadecimal digits of an id or of its beginning; a trailing ellipsis is left out. A ULID, which clients of
    Inngest are answered with, has to be whole, and in capitals.

    Raises:
        ConfigurationError: it is no beginning of an id, or one of fewer than 4 digits.
    """
    digits = text.strip().rstrip("….").replace("-", "").lower()
    if text.strip().isupper() and (id := id_of(text.strip())):
        return id.hex
    if not _DIGITS.fullmatch(digits):
        raise ConfigurationError(f"{text!r} is no id: give the whole id, or its first characters, {_FEWEST} at least")
    return digits


def whole_id(digits: str) -> UUID | None:
    """The id itself, where all of its digits are given."""
    return UUID(digits) if len(digits) == 32 else None


def resolved(connection: "Connection", digits: str, find: "Find") -> UUID | None:
    """The one id that begins with these digits; None where none does.

    Args:
        find: gives the candidates for a beginning.

    Raises:
        ConfigurationError: several do; the message lists them.
    """
    found = find(connection, digits, _MOST_SHOWN + 1)
    if len(found) > 1:
        lines = [
            f"\n  {each.id}  {each.moment:%Y-%m-%d %H:%M:%S}  {each.what} of {each.workspace_id}"
            for each in found[:_MOST_SHOWN]
        ]
        more = "\n  …" if len(found) > _MOST_SHOWN else ""
        raise ConfigurationError(f"{digits!r} is the beginning of several ids:{''.join(lines)}{more}")
    return found[0].id if found else None
