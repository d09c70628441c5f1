"""Repeats of an e-mail within a chunk."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_LAST_FILLED = pc.ScalarAggregateOptions(skip_nulls=True, min_count=0)
TAGS_TOGETHER = ";"


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
    merged = _merged(table.filter(is_repeated))
    result = pa.concat_tables([table.filter(pc.invert(is_repeated)), merged])
    return result, len(table) - len(result)


def _merged(table: Any) -> Any:
    names = [name for name in table.column_names if name not in ("email", "tags")]
    wanted: list[Any] = [(name, "last", _LAST_FILLED) for name in names]
    if "tags" in table.column_names:
        filled = pc.fill_null(table["tags"], "")
        table = table.set_column(table.column_names.index("tags"), "tags", filled)
        wanted.append(("tags", "list"))
    merged = table.group_by("email", use_threads=False).aggregate(wanted)
    columns = {name: merged[f"{name}_last"] for name in names} | {"email": merged["email"]}
    if "tags" in table.column_names:
        columns["tags"] = pc.binary_join(merged["tags_list"], TAGS_TOGETHER)
    return pa.table({name: columns[name] for name in table.column_names})
