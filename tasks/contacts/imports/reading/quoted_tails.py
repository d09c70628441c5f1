"""Quoted cells with more text behind their closing quote: ``"closed" tail`` is what somebody typed, quotes and all."""

import numpy as np

from groundwork.tasks.contacts.imports.reading.lines import field_quotes

_QUOTE = 34


def with_quoted_tails(data: bytes, delimiter: str) -> bytes:
    """The data with such cells quoted as a whole, so that the parser keeps their quotes.

    Args:
        data: whole records.
        delimiter: one ASCII character.
    """
    if b'"' not in data:
        return data
    places = field_quotes(data, delimiter)
    closing = places[1::2]
    codes = np.frombuffer(data, np.uint8)
    ends = np.zeros(256, np.bool_)
    ends[[ord(delimiter), _QUOTE, 10, 13]] = True
    behind = closing[closing + 1 < len(data)] + 1
    if bool(ends[codes[behind]].all()):
        return data
    parts: list[bytes] = []
    done = 0
    stops = [each for each in (delimiter.encode(), b"\n", b"\r") if each in data]
    for number in np.flatnonzero(~ends[codes[behind]]).tolist():
        opened, closed = int(places[2 * number]), int(closing[number])
        end = min((at for stop in stops if (at := data.find(stop, closed + 1)) >= 0), default=len(data))
        if opened < done or not data[closed + 1 : end].strip():
            continue
        parts += (data[done:opened], b'"', data[opened:end].replace(b'"', b'""'), b'"')
        done = end
    return b"".join((*parts, data[done:]))
