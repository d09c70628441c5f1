"""COPY's text format, written from Arrow columns in one go (PostgreSQL manual, COPY, "Text Format")."""

from typing import Any

import pyarrow.compute as pc

from groundwork.tasks.contacts.imports.rows.cells import contains

_NULL = "\\N"


def copy_text(table: Any) -> Any:
    """The rows as input for ``COPY … FROM STDIN``.

    Args:
        table: string columns without tabs and line ends; nulls are NULL.

    Returns:
        A buffer of whole lines; empty for a table without rows.
    """
    if len(table) == 0:
        return b""
    columns = [_escaped(column.combine_chunks()) for column in table.columns]
    columns[-1] = pc.binary_join_element_wise(columns[-1], "\n", "", null_handling="replace", null_replacement=_NULL)
    lines = pc.binary_join_element_wise(*columns, "\t", null_handling="replace", null_replacement=_NULL)
    # The lines lie end to end in the array's own buffer: that is the payload, without a copy.
    offsets = memoryview(lines.buffers()[1]).cast("i")
    return lines.buffers()[2].slice(0, offsets[len(lines)])


def _escaped(column: Any) -> Any:
    return pc.replace_substring(column, "\\", "\\\\") if contains(column, "\\") else column
