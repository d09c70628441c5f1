"""Rejected rows of a file: a CSV that can be mended and uploaded again, and opened in a spreadsheet without harm."""

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import BlobMissing
from groundwork.tasks.fitness.files.source import COLUMNS, WRONG_NUMBER_OF_COLUMNS
from groundwork.tasks.workspace_blobs import workspace_prefix

_COPY_BYTES = 1024 * 1024
_FORMULA = r"^([=+\-@\t\r])"
"""How a cell begins that a spreadsheet takes for a formula."""
_NUMBER = r"^[+-]?[\d.]+([eE][+-]?\d+)?$"


def rejects_key(workspace_id: str, delivery_id: str) -> str:
    """Key of a file's rejected rows, among the workspace's own blobs."""
    return f"{workspace_prefix(workspace_id)}readings/{delivery_id}/rejects.csv"


def rejected_rows(table: Any, lines: Any, reasons: Any, refused: Any) -> Any:
    """The refused rows, their cells as in the file, with line and reason."""
    empty = pa.repeat(pa.scalar("", pa.string()), pc.sum(refused).as_py() or 0)
    there = table.column_names
    cells = [_shown(table[name].filter(refused)) if name in there else empty for name in COLUMNS]
    places = pc.cast(lines.filter(refused), pa.int64())
    return pa.table([*cells, places, reasons.filter(refused)], names=[*COLUMNS, "line", "reason"])


def ragged_rows(ragged: Sequence[tuple[int, str]]) -> Any:
    """Rows with a wrong number of cells, in the same form: the whole line stands in the first column."""
    empty = pa.repeat(pa.scalar("", pa.string()), len(ragged))
    whole = _shown(pa.array([text for _, text in ragged], pa.string()))
    return pa.table(
        [
            whole,
            *[empty] * (len(COLUMNS) - 1),
            pa.array([line for line, _ in ragged], pa.int64()),
            pa.repeat(pa.scalar(WRONG_NUMBER_OF_COLUMNS), len(ragged)),
        ],
        names=[*COLUMNS, "line", "reason"],
    )


def write_part(store: BlobStore, whole: str, chunk: int, rejects: Any) -> None:
    """Store the rejected rows of one chunk; a repeated chunk overwrites its own."""
    with store.write(_part_key(whole, chunk)) as sink:
        options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="all_valid")
        pyarrow.csv.write_csv(rejects, sink, options)


def join_parts(store: BlobStore, whole: str, chunks: Iterable[int]) -> str | None:
    """Put the parts together under one header, then delete them. May be repeated after a crash at any point.

    Returns:
        Key of the whole; None where no row was rejected.
    """
    keys = [_part_key(whole, chunk) for chunk in sorted(chunks)]
    if not keys:
        return None
    try:
        with store.write(whole) as sink:
            sink.write((",".join([*COLUMNS, "line", "reason"]) + "\n").encode())
            for key in keys:
                with store.open(key) as part:
                    while block := part.read(_COPY_BYTES):
                        sink.write(block)
    except BlobMissing:
        # Parts are deleted only once the whole is there: an attempt before this one came that far.
        store.stat(whole)
    for key in keys:
        store.delete(key)
    return whole


def _part_key(whole: str, chunk: int) -> str:
    return f"{whole.removesuffix('.csv')}/{chunk:06d}.csv"


def _shown(column: Any) -> Any:
    column = pc.fill_null(column, "")
    harmful = pc.and_(pc.match_substring_regex(column, _FORMULA), pc.invert(pc.match_substring_regex(column, _NUMBER)))
    return pc.if_else(harmful, pc.binary_join_element_wise("'", column, ""), column)
