"""An error of the inbox's own for what it cannot store: what a value holds, a sender's id, and PostgreSQL's verdict."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import DBAPIError

from groundwork.blocks.errors import NotStorable
from groundwork.blocks.storable import LONGEST_JSON, Unstorable, as_plain
from groundwork.blocks.verdict import verdict_of

LONGEST_ID = 255
"""Characters of a sender's id of an event. It is part of an index, whose rows have about 2,700 bytes at most."""

EARLIEST_TS, LATEST_TS = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000) for year in (1980, 2100))
"""Milliseconds since 1970: the first ``ts`` that is taken from outside, and the first thereafter that is not. Those
beyond are in another unit, or a mistake."""

MOST_VALUES_OF_EVENT = 10_000
"""Fields and elements of an event from outside. Higher: one wrong event holds up others while its faults are named."""
FORBIDDEN_KEY = "__prefect_kind"
"""Prefect renders an object with this key as a template wherever it is a run parameter: an injection."""


@contextmanager
def storing(what: str) -> Iterator[None]:
    """Tell what PostgreSQL refuses for good from what may be tried again.

    Args:
        what: is stored within the block, such as ``the event user/signed.up``.

    Raises:
        NotStorable: PostgreSQL refuses the values.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        raise NotStorable(f"{what} cannot be stored: half a character (a lone surrogate) is no Unicode") from error
    except DBAPIError as error:
        verdict = verdict_of(error)
        if verdict is None or not verdict.of_values:
            raise
        raise NotStorable(f"{what} cannot be stored: PostgreSQL refuses it for good: {verdict}") from error


def stored_json(value: Any, what: str, name: str) -> str:
    """A value as JSON that PostgreSQL takes. Dates, UUIDs, models and the like become text or objects.

    Args:
        what: is stored, such as ``the progress``.
        name: of the value in the message, such as ``progress``.

    Raises:
        NotStorable: it cannot be stored; the message names the place in it.
    """
    try:
        document = json.dumps(as_plain(value))
    except Unstorable as fault:
        raise NotStorable(f"{what} cannot be stored: {fault.told(name)}") from None
    if len(document) > LONGEST_JSON:
        raise NotStorable(
            f"{what} cannot be stored: {name} is {len(document):,} characters long, and {LONGEST_JSON:,} at most are "
            "kept; put it into the blob store"
        )
    return document


def check_id(dedupe_id: str) -> str:
    """The id itself.

    Raises:
        NotStorable: it is empty, too long, or has characters that do not print.
    """
    if not dedupe_id:
        raise NotStorable("dedupe_id: it is empty. Give the event an id of its own, or leave dedupe_id out")
    if len(dedupe_id) > LONGEST_ID:
        raise NotStorable(
            f"dedupe_id: it has {len(dedupe_id):,} characters, {LONGEST_ID} are the most. Use a digest of what it is "
            "made of, such as hashlib.sha256(…).hexdigest()"
        )
    if not dedupe_id.isprintable():
        raise NotStorable(f"dedupe_id: {dedupe_id[:100]!r} has characters that do not print; leave them out")
    return dedupe_id
