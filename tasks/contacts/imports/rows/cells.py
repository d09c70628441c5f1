"""Cells: cleaning a column of strings. A cell is trimmed, and null where nothing is left."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from groundwork.tasks.contacts.formulas import first_bytes

_DELETE = 127
_SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_NOT_SEEN = "\xad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\u3164\ufeff\uffa0"
_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Marks of the direction of writing. A name may need one; an address and a number do not."""
ODD_SPACE = "[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
"""Spaces beyond ASCII."""
HIDDEN = f"[{_NOT_SEEN}{_DIRECTIONS}]"
"""Characters that nobody sees."""
_LINE_ENDS = "[\t\n\v\f\r]+"
_LINE_ENDS_BEYOND_ASCII = "[\x85\u2028\u2029]+"
_SEPARATORS = tuple(each.encode() for each in "\x85\u2028\u2029")
_CONTROLS = "[\x01-\x1f\x7f]"
_GUARDED = "^'([=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20])"
_FORMULA_OF_TEXT = '^="([^"]*)"$'
_SPACE_BEFORE_QUOTE = r'^"((?:[^"]|"")*)"$'
_FIRST_OF_THREE = 0xE0
_COMBINING = (0xCC, 0xCD)
"""UTF-8's first bytes of the marks that are put on Latin letters."""


@dataclass(frozen=True)
class Traits:
    """What a chunk's bytes may hold, so that columns are not searched for what is nowhere.

    Attributes:
        ascii: only ASCII.
        guards: apostrophes, which spreadsheets put before formulas.
        quotes: quotation marks.
        separators: line ends beyond ASCII.
    """

    ascii: bool = False
    guards: bool = True
    quotes: bool = True
    separators: bool = True


def traits_of(data: bytes) -> Traits:
    """The traits of a chunk of UTF-8."""
    only_ascii = data.isascii()
    return Traits(
        ascii=only_ascii,
        guards=b"'" in data,
        quotes=b'"' in data,
        separators=not only_ascii and any(each[:1] in data and each in data for each in _SEPARATORS),
    )


EVERYTHING = Traits()


def one_line(column: Any, traits: Traits = EVERYTHING, *, plain: bool = False) -> Any:
    """Cells without control characters: each run of tabs and line ends becomes a space, the rest goes.

    Args:
        column: of strings.
        traits: of the chunk.
        plain: whether marks of the direction of writing are trimmed as well, as they are from addresses and numbers.
    """
    column = _unwrapped(column, traits)
    if is_ascii(column, traits):
        return _trimmed(_guarded(column, ((_LINE_ENDS, " "), (_CONTROLS, ""))), None)
    column = _guarded(column, ((_LINE_ENDS, " "), (_CONTROLS, "")))
    if traits.separators:
        column = pc.replace_substring_regex(column, _LINE_ENDS_BEYOND_ASCII, " ")
    return _trimmed(composed(column), _SPACES + _NOT_SEEN + (_DIRECTIONS if plain else ""))


def many_lines(column: Any, traits: Traits = EVERYTHING) -> Any:
    r"""Cells whose only control characters are ``\n`` and ``\t``."""
    column = _guarded(_unwrapped(column, traits), (("\r\n?", "\n"), ("[\x01-\x08\x0b-\x1f\x7f]", "")))
    if is_ascii(column, traits):
        return _trimmed(column, None)
    return _trimmed(composed(column), _SPACES + _NOT_SEEN)


def trimmed_address(column: Any) -> Any:
    """Cells without any space or invisible character at their ends; null where nothing else is in them."""
    return _trimmed(column, _SPACES + _NOT_SEEN + _DIRECTIONS)


def composed(column: Any) -> Any:
    """Cells in Unicode's composed form (NFC)."""
    return pc.utf8_normalize(column, form="NFC") if _may_be_composed(_codes(column)) else column


def is_ascii(column: Any, traits: Traits = EVERYTHING) -> bool:
    """Whether all cells of a column are ASCII."""
    if traits.ascii:
        return True
    codes = _codes(column)
    return codes.size == 0 or bool(codes.max() <= _DELETE)


def contains(column: Any, text: str) -> bool:
    """Whether any cell holds the text, which is ASCII."""
    if len(text) == 1:
        # One pass over the buffer. A slice may see what is only in its neighbours, which costs time and no more.
        codes = _codes(column)
        return bool((codes == ord(text)).any())
    return bool(pc.any(pc.match_substring(column, text)).as_py())


def longest(column: Any) -> int:
    """Bytes of the longest cell."""
    return int(pc.max(pc.binary_length(column)).as_py() or 0)


def column_of(value: str | None, length: int) -> Any:
    """A string column that holds one value throughout."""
    return pa.repeat(pa.scalar(value, pa.string()), length)


def first_filled(columns: list[Any]) -> Any:
    """Of each row the first value that is not null."""
    return pc.coalesce(*columns) if len(columns) > 1 else columns[0]


def _unwrapped(column: Any, traits: Traits) -> Any:
    """Cells out of what spreadsheets wrap them in: ``="0170"``, ``'+49``, and quotes behind a space."""
    if not (traits.guards or traits.quotes):
        return column
    first = first_bytes(column)
    if traits.quotes and (first == ord("=")).any():
        column = pc.replace_substring_regex(column, _FORMULA_OF_TEXT, r"\1")
    if traits.quotes and (first == ord(" ")).any():
        column = _unquoted(column)
    if traits.guards and (first == ord("'")).any():
        column = pc.replace_substring_regex(column, _GUARDED, r"\1")
    return column


def _unquoted(column: Any) -> Any:
    """Cells whose quotes CSV did not take for its own, since a space stands before or behind them."""
    spaced = pc.match_substring_regex(column, r'^[ ]+"(?:[^"]|"")*"[ ]*$')
    if not pc.any(spaced).as_py():
        return column
    inner = pc.replace_substring_regex(pc.utf8_trim(column, characters=" "), _SPACE_BEFORE_QUOTE, r"\1")
    return pc.if_else(pc.fill_null(spaced, False), pc.replace_substring(inner, '""', '"'), column)


def _guarded(column: Any, replacements: tuple[tuple[str, str], ...]) -> Any:
    if has_controls(column):
        for pattern, replacement in replacements:
            column = pc.replace_substring_regex(column, pattern, replacement)
    return column


def _trimmed(column: Any, characters: str | None) -> Any:
    column = pc.ascii_trim_whitespace(column) if characters is None else pc.utf8_trim(column, characters=characters)
    shortest = pc.min(pc.binary_length(column)).as_py()
    return pc.if_else(pc.equal(pc.binary_length(column), 0), None, column) if shortest == 0 else column


def has_controls(column: Any) -> bool:
    """Whether the column's bytes hold a control character: one pass over its buffer, far cheaper than a regex."""
    codes = _codes(column)
    return codes.size > 0 and bool(codes.min() < ord(" ") or (codes == _DELETE).any())


def _codes(column: Any) -> Any:
    buffer = column.buffers()[2]
    return np.frombuffer(buffer, np.uint8) if buffer is not None else np.zeros(0, np.uint8)


def _may_be_composed(codes: Any) -> bool:
    """Whether there are characters that may have a composed form."""
    return codes.size > 0 and bool(
        codes.max() >= _FIRST_OF_THREE or (codes == _COMBINING[0]).any() or (codes == _COMBINING[1]).any()
    )
