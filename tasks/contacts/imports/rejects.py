"""Rejected rows: a CSV that the person can download, mend and upload again, and open in a spreadsheet without harm."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import BlobMissing
from groundwork.tasks.contacts.formulas import harmless
from groundwork.tasks.contacts.imports.reading.encoding import UNDECODABLE
from groundwork.tasks.contacts.imports.reading.parse import Records

WRONG_NUMBER_OF_COLUMNS = "wrong_number_of_columns"
SURPLUS = "surplus 1"
_COPY_BYTES = 1024 * 1024


def rejects_key(import_id: str) -> str:
    """Key of an import's rejected rows in the blob store."""
    return f"imports/{import_id}/rejects.csv"


def part_key(import_id: str, chunk: int) -> str:
    """Key of one chunk's rejected rows: the same at every attempt, so a repeated chunk overwrites its own."""
    return f"imports/{import_id}/rejects/{chunk:06d}.csv"


def rejected_rows(records: Records, reasons: Any, refused: Any, *, width: int) -> Any:
    """The refused records of a chunk: their cells as in the file, ``line`` and ``reason``.

    Args:
        records: the chunk.
        reasons: reason per record.
        refused: which records are refused, as booleans.
        width: columns that are the file's own; a rejects file has more.
    """
    regular, _ = records.lines
    cells = [column.filter(refused) for column in records.columns[:width]]
    return _table(cells, pa.array(regular).filter(refused), reasons.filter(refused))


def ragged_rows(records: Records, width: int, delimiter: str) -> Any:
    """The records of a chunk with too many cells, in the same form.

    The cells too many stand behind the reason. So the row is as much too long as it was, and is rejected again if it
    comes back as it is.
    """
    rows = [_own_cells(_cells(text, delimiter), width, len(records.columns)) for _, text in records.ragged]
    surplus = [cells[width:] for cells in rows]
    columns = [_column(rows, at) for at in range(width)]
    _, lines = records.lines
    table = _table(columns, pa.array(lines), pa.repeat(pa.scalar(WRONG_NUMBER_OF_COLUMNS), len(rows)))
    for at in range(max(map(len, surplus), default=0)):
        table = table.append_column(f"surplus {at + 1}", _shown(_column(surplus, at)))
    return table


def _own_cells(cells: list[str], width: int, file_width: int) -> list[str]:
    """The cells without those that a rejects file had added."""
    return cells[:width] + cells[file_width:]


def _column(rows: Sequence[Sequence[str]], at: int) -> Any:
    return pa.array([row[at] if at < len(row) else None for row in rows], pa.string())


def write_part(store: BlobStore, import_id: str, chunk: int, rejects: Any) -> str:
    """Store the rejected rows of one chunk.

    Returns:
        Its key.
    """
    key = part_key(import_id, chunk)
    with store.write(key) as sink:
        _write_csv(rejects, sink)
    return key


def join_parts(store: BlobStore, import_id: str, headers: Sequence[str], chunks: Iterable[int]) -> str | None:
    """Put the parts together under one header, then delete them. May be repeated after a crash at any point.

    Args:
        store: where the parts are.
        import_id: whose.
        headers: of the file.
        chunks: numbers of the chunks that have rejected rows.

    Returns:
        Key of the whole; None where no row was rejected.

    Raises:
        BlobMissing: a part is not there, nor the whole.
    """
    keys = [part_key(import_id, chunk) for chunk in sorted(chunks)]
    if not keys:
        return None
    whole = rejects_key(import_id)
    try:
        with store.write(whole) as sink:
            _write_header(headers, sink)
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


def _table(cells: Sequence[Any], lines: Any, reasons: Any) -> Any:
    shown = [_shown(column) for column in cells]
    names = [str(position) for position in range(len(cells))]
    return pa.table([*shown, lines, reasons], names=[*names, "line", "reason"])


def _shown(column: Any) -> Any:
    return harmless(pc.replace_substring(pc.fill_null(column, ""), UNDECODABLE, "\ufffd"))


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:  # a cell beyond the csv module's limit: kept whole
        return [text]


def _write_header(headers: Sequence[str], sink: BinaryIO) -> None:
    names = pa.table(
        [_shown(pa.array([name])) for name in (*headers, "line", "reason")],
        names=[str(position) for position in range(len(headers) + 2)],
    )
    _write_csv(names, sink)


def _write_csv(table: Any, sink: BinaryIO) -> None:
    if SURPLUS in table.column_names:
        _write_uneven(table, sink)
        return
    # Where needed alone, Arrow leaves a cell with a carriage return without quotes.
    pa.csv.write_csv(table, sink, pa.csv.WriteOptions(include_header=False, quoting_style="all_valid"))


def _write_uneven(table: Any, sink: BinaryIO) -> None:
    """Rows of which some are longer than the header: nulls at their end are no cells."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    regular = table.column_names.index(SURPLUS)
    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
        surplus = [cell for cell in row[regular:] if cell is not None]
        writer.writerow([*row[:regular], *surplus])
    sink.write(text.getvalue().encode())
