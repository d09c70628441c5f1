"""Where records end: CSV's quoting rule, applied to bytes without a loop over rows.

The rule is that of Arrow's parser, so both agree on every file: a quote opens a field only at the field's start;
inside, a doubled quote is a quote; behind the closing quote, and in a field that does not start with one, quotes are
plain text.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

_QUOTE = 34


def last_record_end(data: bytes, delimiter: str, *, complete: bool) -> int:
    """Offset just behind the last record that ends in ``data``; 0 where none does.

    Args:
        data: bytes that begin at the start of a record.
        delimiter: one ASCII character.
        complete: whether the file ends here. If not, a final carriage return may have its line feed still to come.
    """
    end = len(data) - 1 if data.endswith(b"\r") and not complete else len(data)
    quotes = field_quotes(data, delimiter)
    newline = max(data.rfind(b"\n", 0, end), data.rfind(b"\r", 0, end))
    while newline >= 0:
        before = int(np.searchsorted(quotes, newline))
        if before % 2 == 0:
            return newline + 1
        opening = int(quotes[before - 1])
        newline = max(data.rfind(b"\n", 0, opening), data.rfind(b"\r", 0, opening))
    return 0


def first_record_end(data: bytes, delimiter: str) -> int:
    """Offset just behind the first record and its line end; 0 where the record does not end in ``data``."""
    quotes = field_quotes(data, delimiter)
    start = 0
    while (newline := _find_newline(data, start)) >= 0:
        before = int(np.searchsorted(quotes, newline))
        if before % 2 == 0:
            return newline + 2 if data[newline : newline + 2] == b"\r\n" else newline + 1
        if before >= len(quotes):
            return 0
        start = int(quotes[before])
    return 0


def unclosed_quote(data: bytes, delimiter: str) -> int | None:
    """Offset of the quote that opens a field and is never closed in ``data``; None where every quote is closed."""
    quotes = field_quotes(data, delimiter)
    return int(quotes[-1]) if len(quotes) % 2 else None


def count_lines(data: bytes) -> int:
    r"""Line ends in ``data``, where ``\n``, ``\r\n`` and ``\r`` each are one."""
    returns = data.count(b"\r")
    return data.count(b"\n") + returns - (data.count(b"\r\n") if returns else 0)


def _find_newline(data: bytes, start: int) -> int:
    found = [at for at in (data.find(b"\n", start), data.find(b"\r", start)) if at >= 0]
    return min(found, default=-1)


def field_quotes(data: bytes, delimiter: str) -> npt.NDArray[np.int64]:
    """Offsets of the quotes that open and close fields, in turn. An escaped quote may count as closing and opening."""
    quotes: npt.NDArray[np.int64] = np.flatnonzero(np.frombuffer(data, np.uint8) == _QUOTE)
    if len(quotes) == 0:
        return quotes
    # If every second quote stands at the start of a field, or directly behind the one before it (the second half of an
    # escaped pair), then counting quotes is the same as lexing, and nothing needs to be looked at one by one.
    opening = quotes[::2]
    may_precede = np.zeros(256, bool)
    may_precede[[ord(delimiter), _QUOTE, 10, 13]] = True
    previous = np.frombuffer(data, np.uint8)[opening[1:] - 1]
    starts_field = opening[0] == 0 or may_precede[data[opening[0] - 1]]
    if starts_field and bool(may_precede[previous].all()):
        return quotes
    return _lexed_toggles(data, delimiter)


def _lexed_toggles(data: bytes, delimiter: str) -> npt.NDArray[Any]:
    """Find the toggles of data with quotes in odd places, such as ``5" pipe``: one step per quote."""
    before_field = (ord(delimiter), 10, 13)
    toggles: list[int] = []
    at = data.find(b'"')
    while at >= 0:
        if at > 0 and data[at - 1] not in before_field:
            at = data.find(b'"', at + 1)
            continue
        toggles.append(at)
        closing = data.find(b'"', at + 1)
        while closing >= 0 and data[closing + 1 : closing + 2] == b'"':
            closing = data.find(b'"', closing + 2)
        if closing < 0:
            break
        toggles.append(closing)
        at = data.find(b'"', closing + 1)
    return np.array(toggles, np.int64)
