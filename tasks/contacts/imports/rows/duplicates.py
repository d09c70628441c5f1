"""Repeats of an e-mail within a chunk."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from groundwork.events.contacts.columns import TAG_SEPARATOR


def merge_duplicates(table: Any) -> tuple[Any, int]:
    """One row per e-mail: of each column the last value that is not empty, of tags all.

    This is what the upsert does to rows of two chunks, so the outcome does not depend on where a file is cut.

    Args:
        table: has the columns ``email`` and, optionally, ``tags``; all columns are strings.

    Returns:
        The table, its rows in any order, and how many rows went into others.
    """
    counts = pc.value_counts(table["email"])
    if len(counts) == len(table):
        return table, 0
    repeated = counts.field(0).filter(pc.greater(counts.field(1), 1))
    is_repeated = pc.is_in(table["email"], value_set=repeated)
    merged = _merged(table.filter(is_repeated).combine_chunks())
    result = pa.concat_tables([table.filter(pc.invert(is_repeated)), merged])
    return result, len(table) - len(result)


def _merged(table: Any) -> Any:
    emails = pc.dictionary_encode(table["email"].combine_chunks())
    group = emails.indices.to_numpy()
    columns: dict[str, Any] = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        merge = _all_tags if name == "tags" else _last_filled
        columns[name] = merge(column, group, len(emails.dictionary))
    return pa.table(columns)


def _last_filled(column: Any, group: npt.NDArray[np.int32], groups: int) -> Any:
    """The last value of each group that is not null."""
    filled = np.flatnonzero(pc.is_valid(column).to_numpy(zero_copy_only=False))
    last = np.full(groups, -1)
    np.maximum.at(last, group[filled], filled)
    return column.take(pa.array(last, mask=last < 0))


def _all_tags(column: Any, group: npt.NDArray[np.int32], groups: int) -> Any:
    """The tags of each group, in the order of the file."""
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(groups + 1)).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(ends, pc.fill_null(column, "").take(pa.array(order))), TAG_SEPARATOR)
