"""Phones: the numbers of a cell. One is the contact's phone; a cell never costs the contact."""

import re
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from groundwork.events.contacts.columns import MOST_CHARACTERS
from groundwork.tasks.contacts.imports.rows.cells import contains, is_ascii, longest

_SEPARATOR = re.compile(r":::|[,;|、，；]|\s&\s")
_MAY_BE_SEVERAL = r"(?i):::|[,;|/、，；]|\s&\s|^tel:"
_SEPARATORS = ":,;|/&"
_FEWEST_DIGITS = 4
_DIGITS_BESIDE_SLASH = 7
"""Fewest digits of two numbers that a slash separates. Beside fewer it stands behind an area code."""
_MOST_NUMBERS = 10
"""Numbers of a cell that get a field each. The last one has the rest."""
_LONGEST_LIST = 4096
"""Characters of a cell that is taken for several numbers. Nobody types a longer one."""
_DIGIT = re.compile(r"\d")
_TEL = re.compile(r"^tel:\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Phones:
    """The numbers of a phone column.

    Attributes:
        first: of each cell, as written; null where it is empty, or too long for a phone.
        further: the other numbers, a column each, and texts that are too long.
    """

    first: Any
    further: tuple[Any, ...] = ()


def phones(column: Any) -> Phones:
    """Read the cells of a phone column.

    Args:
        column: of strings, trimmed.
    """
    most = MOST_CHARACTERS["phone"]
    if longest(column) <= most and is_ascii(column) and not any(contains(column, each) for each in _SEPARATORS):
        return Phones(column)
    odd = pc.or_(pc.match_substring_regex(column, _MAY_BE_SEVERAL), pc.greater(pc.utf8_length(column), most))
    if not pc.any(odd).as_py():
        return Phones(column)
    at = pc.indices_nonzero(pc.fill_null(odd, False))
    rows = {place: numbers_in(text) for place, text in zip(at.to_pylist(), column.take(at).to_pylist(), strict=True)}
    first = [row[0] if row and len(row[0]) <= most else None for row in rows.values()]
    rest = [row if row and first_ is None else row[1:] for row, first_ in zip(rows.values(), first, strict=True)]
    further = []
    for number in range(max(map(len, rest), default=0)):
        cells: list[str | None] = [None] * len(column)
        for place, others in zip(rows, rest, strict=True):
            if number < len(others):
                cells[place] = others[number]
        further.append(pa.array(cells, pa.string()))
    replaced = pc.replace_with_mask(column, pc.fill_null(odd, False), pa.array(first, pa.string()))
    return Phones(replaced, tuple(further))


def numbers_in(text: str) -> list[str]:
    """The numbers of a cell, each once; the whole text where it is not several numbers."""
    whole = text.strip(" ,;|")
    if len(text) > _LONGEST_LIST:
        return [whole]
    parts = [each.strip() for each in _SEPARATOR.split(text) if each.strip()]
    if not all(_digits(each) >= _FEWEST_DIGITS for each in parts):
        return [whole] if whole else []
    found = list(dict.fromkeys(_TEL.sub("", number) for part in parts for number in _beside_slashes(part)))
    kept = found[: _MOST_NUMBERS - 1]
    return [*kept, "; ".join(found[len(kept) :])] if len(found) > len(kept) else kept


def _beside_slashes(text: str) -> list[str]:
    parts = [each.strip() for each in text.split("/")]
    return parts if all(_digits(each) >= _DIGITS_BESIDE_SLASH for each in parts) else [text]


def _digits(text: str) -> int:
    return len(_DIGIT.findall(text))
