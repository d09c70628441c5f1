"""Lines of a report that are no rows of its table: totals, legal notes, repeated headers."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from groundwork.tasks.contacts.imports.reading.parse import Records
from groundwork.tasks.contacts.imports.rows.cells import trimmed_address
from groundwork.tasks.contacts.imports.rows.headers import Layout
from groundwork.tasks.contacts.imports.rows.vocabulary import legal_notes, totals, words_of

_NOT_A_ROW = "not_a_row"
_WORDS_OF_A_NOTE = 3
"""A line with one filled cell of so many words is a note. Fewer may be a name."""
_NO_LETTERS = r"[\s:.\-_*=+|]+"
_RULE = r"^[\s:.\-_*=+|]{3,}$"
"""A line drawn with signs, as some programs put it below the header."""


def report_lines(records: Records, layout: Layout, rows: Any) -> Any:
    """Which of some records without an address are no rows.

    Args:
        records: of a chunk.
        layout: of the file.
        rows: positions of the records.
    """
    text = pa.nulls(len(rows), pa.string())
    filled = np.zeros(len(rows), np.int64)
    in_first = np.zeros(len(rows), np.bool_)
    for at, column in enumerate(records.columns[: len(layout.headers)]):
        if column.null_count == len(column):
            continue
        cells = trimmed_address(column.take(rows))
        present = pc.is_valid(cells).to_numpy(zero_copy_only=False)
        filled += present
        in_first |= present if at == 0 else False
        text = pc.coalesce(text, cells)
    joined = pc.replace_substring_regex(pc.utf8_lower(text), _NO_LETTERS, "")
    verdict = pc.is_in(joined, value_set=pa.array(sorted(totals())))
    verdict = pc.or_(verdict, pc.fill_null(pc.match_substring_regex(text, _RULE), False))
    verdict = pc.or_(verdict, _repeats_header(records, layout, rows))
    if layout.reason is not None:
        verdict = pc.or_(verdict, pc.fill_null(pc.equal(records.columns[layout.reason].take(rows), _NOT_A_ROW), False))
    single = np.flatnonzero(filled == 1)
    if len(single) == 0 or len(layout.headers) == 1:
        return verdict
    alone = records.alone[rows.to_numpy()][single]
    by_first = 0 in layout.fitting("email")
    notes = [
        _is_note(cell, alone=bool(alone[at]), may_be_address=by_first and bool(in_first[single[at]]))
        for at, cell in enumerate(text.take(pa.array(single)).to_pylist())
    ]
    found = np.zeros(len(rows), np.bool_)
    found[single] = notes
    return pc.or_(verdict, pa.array(found))


def _repeats_header(records: Records, layout: Layout, rows: Any) -> Any:
    found = pa.repeat(False, len(rows))
    for at in layout.fitting("email"):
        header = layout.headers[at].strip().lower()
        same = pc.equal(pc.utf8_lower(trimmed_address(records.columns[at].take(rows))), header)
        found = pc.or_(found, pc.fill_null(same, False))
    return found


def _is_note(text: str, *, alone: bool, may_be_address: bool) -> bool:
    """Whether the one filled cell of a record is a note.

    Args:
        text: of the cell.
        alone: whether the line has no delimiter at all.
        may_be_address: whether the cell is an e-mail cell.
    """
    if "@" in text:
        return False
    words = words_of(text)
    if words and words[0] in totals():
        return True
    start = text.casefold().lstrip("*-=#( ")
    if "©" in text or start.startswith(legal_notes()) or len(text.split()) >= _WORDS_OF_A_NOTE:
        return True
    return alone and (len(words) > 1 or not may_be_address)
