"""Cells: cleaning a column of strings. A cell is trimmed, and null where nothing is left."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_DELETE = 127


def one_line(column: Any) -> Any:
    """Cells without control characters: each run of tabs and line ends becomes a space, the rest goes."""
    return _nonempty(_guarded(column, (("[\t\n\v\f\r]+", " "), ("[\x01-\x1f\x7f]", ""))))


def many_lines(column: Any) -> Any:
    r"""Cells whose only control characters are ``\n`` and ``\t``."""
    return _nonempty(_guarded(column, (("\r\n?", "\n"), ("[\x01-\x08\x0b-\x1f\x7f]", ""))))


def contains(column: Any, text: str) -> bool:
    """Whether any cell holds the text."""
    return bool(pc.any(pc.match_substring(column, text)).as_py())


def longest(column: Any) -> int:
    """Bytes of the longest cell."""
    return int(pc.max(pc.binary_length(column)).as_py() or 0)


def column_of(value: str | None, length: int) -> Any:
    """A string column that holds one value throughout."""
    return pa.repeat(pa.scalar(value, pa.string()), length)


def _guarded(column: Any, replacements: tuple[tuple[str, str], ...]) -> Any:
    if has_controls(column):
        for pattern, replacement in replacements:
            column = pc.replace_substring_regex(column, pattern, replacement)
    return column


def _nonempty(column: Any) -> Any:
    column = pc.utf8_trim_whitespace(column)
    shortest = pc.min(pc.binary_length(column)).as_py()
    return pc.if_else(pc.equal(pc.binary_length(column), 0), None, column) if shortest == 0 else column


def has_controls(column: Any) -> bool:
    """Whether the column's bytes hold a control character: one pass over its buffer, far cheaper than a regex."""
    buffer = column.buffers()[2]
    if buffer is None or buffer.size == 0:
        return False
    codes = np.frombuffer(buffer, np.uint8)
    return bool(codes.min() < ord(" ") or (codes == _DELETE).any())
