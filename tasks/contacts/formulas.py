"""Cells that a spreadsheet would execute (OWASP, "CSV Injection")."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_DANGEROUS = "=+-@\t\r\n"
_FULL_WIDTH = "^([\uff1d\uff0b\uff0d\uff20])"
"""Full-width forms of = + - @, which some spreadsheets take for them."""
_LEAD_OF_FULL_WIDTH = 0xEF
_GUARD = "'"

_IS_DANGEROUS = np.zeros(256, np.bool_)
_IS_DANGEROUS[[ord(each) for each in _DANGEROUS]] = True
_IS_SUSPICIOUS = _IS_DANGEROUS.copy()
_IS_SUSPICIOUS[_LEAD_OF_FULL_WIDTH] = True


def neutralised(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows with an apostrophe before every cell that begins like a formula.

    Args:
        batch: string columns.
    """
    columns = batch.columns
    for number in _suspicious(columns):
        columns[number] = harmless(columns[number])
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def harmless(column: Any) -> Any:
    """One string column, treated in this way. A column without such cells, as nearly all are, is returned unchanged."""
    first = first_bytes(column)
    if (first == _LEAD_OF_FULL_WIDTH).any():
        column = pc.replace_substring_regex(column, _FULL_WIDTH, rf"{_GUARD}\1")
    dangerous = _IS_DANGEROUS[first]
    if not dangerous.any():
        return column
    guards = pc.if_else(pa.array(dangerous), _GUARD, "")
    return pc.binary_join_element_wise(guards, column, "")


def _suspicious(columns: list[Any]) -> Any:
    """Numbers of the columns that may have such a cell."""
    if not columns:
        return []
    # One look at all cells: each look costs as much as hundreds of cells, and a batch may have 1,600 columns.
    first = first_bytes(pa.concat_arrays(columns)).reshape(len(columns), len(columns[0]))
    return np.flatnonzero(_IS_SUSPICIOUS[first].any(axis=1))


def first_bytes(column: Any) -> Any:
    """The first byte of each cell of strings; 0, which PostgreSQL's text never has, for empty cells and nulls."""
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    data = column.buffers()[2]
    if data is None or data.size == 0 or len(column) == 0:
        return np.zeros(len(column), np.uint8)
    first = np.take(np.frombuffer(data, np.uint8), offsets[:-1], mode="clip")
    first[offsets[1:] == offsets[:-1]] = 0
    return first
