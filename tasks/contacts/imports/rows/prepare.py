"""One chunk made ready for the database: everything that needs no connection."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from groundwork.tasks.contacts.imports.reading.chunks import Chunk
from groundwork.tasks.contacts.imports.reading.parse import Records, parse
from groundwork.tasks.contacts.imports.rejects import ragged_rows, rejected_rows
from groundwork.tasks.contacts.imports.rows.copy_text import copy_text
from groundwork.tasks.contacts.imports.rows.duplicates import merge_duplicates
from groundwork.tasks.contacts.imports.rows.headers import Layout
from groundwork.tasks.contacts.imports.rows.normalise import database_rows, normalise


@dataclass(frozen=True)
class PreparedChunk:
    """A chunk, ready to be written.

    Attributes:
        number: 0 for the first of the file.
        rows: records that are not blank.
        columns: columns of the staging table that ``payload`` fills.
        payload: the accepted rows in COPY's text format, sorted by e-mail, each e-mail once.
        duplicates: rows that went into another of the same e-mail.
        rejects: the rejected rows (see ``rejects``); None where there are none.
        reasons: rejected rows by reason.
        position: bytes of the blob, as stored, that were read for it and the chunks before it: the progress once it is
            written.
    """

    number: int
    rows: int
    columns: tuple[str, ...]
    payload: Any
    duplicates: int
    rejects: Any | None
    reasons: dict[str, int]
    position: int = 0

    @property
    def rejected(self) -> int:
        """Number of rejected rows."""
        return sum(self.reasons.values())


def prepare(chunk: Chunk, layout: Layout, delimiter: str) -> PreparedChunk:
    """Parse, clean, judge and encode a chunk.

    Args:
        chunk: whole records.
        layout: what the file's columns are.
        delimiter: of the file.
    """
    records = parse(chunk, columns=layout.width, delimiter=delimiter)
    table, reasons = normalise(records, layout)
    if reasons.null_count < len(reasons):
        table = table.filter(pc.is_null(reasons))
    table, duplicates = merge_duplicates(table)
    rows = database_rows(table)
    rejects, counts = _rejects(records, reasons, layout, delimiter)
    return PreparedChunk(
        number=chunk.number,
        rows=len(rows) + duplicates + sum(counts.values()),
        columns=tuple(rows.column_names),
        payload=copy_text(rows),
        duplicates=duplicates,
        rejects=rejects,
        reasons=counts,
    )


def _rejects(records: Records, reasons: Any, layout: Layout, delimiter: str) -> tuple[Any | None, dict[str, int]]:
    parts = []
    refused = pc.and_(pc.is_valid(reasons), pc.fill_null(pc.not_equal(reasons, "blank"), False))
    if pc.any(refused).as_py():
        parts.append(rejected_rows(records, reasons, refused, width=len(layout.headers)))
    if records.ragged:
        parts.append(ragged_rows(records, len(layout.headers), delimiter))
    if not parts:
        return None, {}
    table = pa.concat_tables(parts, promote_options="default").sort_by("line")
    return table, dict(sorted(Counter(table["reason"].to_pylist()).items()))
