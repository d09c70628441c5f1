"""Headers: which column of a file is which column of ours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from groundwork.blocks.errors import NonRetriable
from groundwork.events.contacts.columns import CONTACT_COLUMNS
from groundwork.tasks.contacts.settings import contacts_settings

FULL_NAME = "full_name"
"""No column of a contact: it is split into first and last name."""
_FULL_NAMES = ("full name", "name", "contact name", "display name")
_VAGUE = ("title",)
"""Synonyms that count only where the file has no better one: Outlook's "Title" is Mr or Ms, beside "Job Title"."""


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
"""Characters that headers and cells lose. NUL cannot be stored at all."""


def _normalised(header: str) -> str:
    return re.sub(r"[\W_]+", "", header.casefold())


_SYNONYMS = {FULL_NAME: _FULL_NAMES} | {column.name: column.synonyms for column in CONTACT_COLUMNS}
_COLUMN_OF = {_normalised(each): column for column, synonyms in _SYNONYMS.items() for each in synonyms}


def is_email_header(header: str) -> bool:
    """Whether a column with this header holds e-mail addresses."""
    return _COLUMN_OF.get(_normalised(header)) == "email"


@dataclass(frozen=True)
class Layout:
    """What each column of a file is.

    Attributes:
        headers: as written in the file, in its order.
        mapped: our column → position in the file. Holds ``email``; holds ``full_name`` only where the file has neither
            first nor last name.
        custom: key of the custom field → position in the file.
    """

    headers: tuple[str, ...]
    mapped: dict[str, int]
    custom: dict[str, int]


def layout_of(headers: Sequence[str]) -> Layout:
    """Map the headers of a file.

    The first column that fits one of ours becomes it; all others are custom fields under their own header, where a
    repeated header gets `` (2)``, `` (3)``, … and an empty one ``Column 7`` by its position. Control
    characters go, but tabs and line ends.

    Raises:
        NonRetriable: no column holds e-mail addresses, or there are more than ``import_max_columns``.
    """
    most = contacts_settings().import_max_columns
    if len(headers) > most:
        raise NonRetriable(
            f"The file has {len(headers)} columns; {most} are allowed. "
            "Remove columns, or raise GROUNDWORK_IMPORT_MAX_COLUMNS."
        )
    candidates = _candidates(headers)
    splits_name = "first_name" not in candidates and "last_name" not in candidates
    mapped: dict[str, int] = {}
    custom: dict[str, int] = {}
    used: set[str] = set()
    for position, (header, column) in enumerate(zip(headers, candidates, strict=True)):
        name = _CONTROLS.sub("", header).strip() or f"Column {position + 1}"
        repeat = 1
        key = name
        while key in used:
            repeat += 1
            key = f"{name} ({repeat})"
        used.add(key)
        if column is None or column in mapped or (column == FULL_NAME and not splits_name):
            custom[key] = position
        else:
            mapped[column] = position
    if "email" not in mapped:
        raise NonRetriable(_no_email(headers))
    return Layout(tuple(headers), mapped, custom)


def _candidates(headers: Sequence[str]) -> list[str | None]:
    """Our column for each header; None where it is none of ours, or vague beside a clear one."""
    names = [_normalised(header) for header in headers]
    clear = {_COLUMN_OF.get(name) for name in names if name not in _VAGUE}
    return [None if name in _VAGUE and _COLUMN_OF[name] in clear else _COLUMN_OF.get(name) for name in names]


def _no_email(headers: Sequence[str]) -> str:
    found = ", ".join(repr(header.strip()[:60]) for header in headers[:20])
    more = f" and {len(headers) - 20} more" if len(headers) > 20 else ""
    accepted = ", ".join(repr(each) for each in _SYNONYMS["email"])
    return f"No column holds e-mail addresses. Found: {found}{more}. Name one of them (in any case) {accepted}."
