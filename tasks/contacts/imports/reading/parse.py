"""Parsing: a chunk of CSV into Arrow columns of strings, with the records that do not fit set aside."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.contacts.imports.reading.chunks import Chunk
from groundwork.tasks.contacts.imports.reading.encoding import repaired
from groundwork.tasks.contacts.imports.reading.lines import count_lines
from groundwork.tasks.contacts.imports.reading.quoted_tails import with_quoted_tails
from groundwork.tasks.contacts.imports.reading.ragged import Ragged, fitted

_ARROW_NEEDS_BYTES = 16
"""Arrow refuses blocks smaller than a few bytes."""
_LINE_END = "\r\n|\r|\n"
_MAX_STRAY_CELLS = 5_000_000
"""Cells that blank and ragged lines of one chunk may need. A short line under a wide header takes up memory for every
column; lines with all their delimiters cannot, as each cell is at least a byte of the file."""


@dataclass(frozen=True)
class Records:
    """The records of a chunk.

    Attributes:
        columns: one string array per column of the file, null where the cell is empty.
        ragged: records with a wrong number of cells, as (position among all records, text).
        alone: of the records in the columns, whether the line has one cell and the table has more.
        has_undecodable: whether a cell holds ``UNDECODABLE``.
        chunk: where they come from.
    """

    columns: list[Any]
    ragged: list[tuple[int, str]]
    alone: npt.NDArray[np.bool_]
    has_undecodable: bool
    chunk: Chunk

    @property
    def count(self) -> int:
        """Records in the columns: blank ones included, ragged ones not."""
        return len(self.columns[0])

    @cached_property
    def lines(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Physical line on which each record begins: of those in the columns, and of the ragged ones."""
        total = self.count + len(self.ragged)
        ragged = np.array([position for position, _ in self.ragged], np.int64)
        regular = np.delete(np.arange(total), ragged)
        data = self.chunk.data
        line_ends = count_lines(data) + (not data.endswith((b"\n", b"\r")))
        spans = np.ones(total, np.int64)
        if line_ends != total:
            for column in self.columns:
                spans[regular] += pc.fill_null(pc.count_substring_regex(column, _LINE_END), 0).to_numpy()
            spans[ragged] += np.array([count_lines(text.encode()) for _, text in self.ragged], np.int64)
        starts = self.chunk.first_line + np.cumsum(spans) - spans
        return starts[regular], starts[ragged]


def parse(chunk: Chunk, *, columns: int, delimiter: str) -> Records:
    """Parse a chunk.

    Missing cells at the end of a record are empty, and empty ones too many are dropped. What is longer than the header
    in any other way is ragged.

    Args:
        chunk: whole records.
        columns: number of columns of the file.
        delimiter: one ASCII character.

    Raises:
        NonRetriable: so many lines are blank or ragged that the chunk would not fit into memory.
    """
    if count_lines(chunk.data) * columns > len(chunk.data) + _MAX_STRAY_CELLS:
        raise NonRetriable(
            f"From line {chunk.first_line} on most lines do not have the header's {columns} columns. "
            "Check that the file has one header and one delimiter."
        )
    data, has_undecodable = repaired(chunk.data)
    odd: list[Ragged] = []

    def set_aside(row: Any) -> str:
        odd.append(Ragged(row.number - 1, row.actual_columns, row.text))
        return "skip"

    table = read_table(with_quoted_tails(data, delimiter), columns=columns, delimiter=delimiter, set_aside=set_aside)
    arrays = [column.combine_chunks() for column in table.columns]
    if not odd:
        return Records(arrays, [], np.zeros(len(arrays[0]), np.bool_), has_undecodable, chunk)
    return _completed(Records(arrays, [], np.zeros(0, np.bool_), has_undecodable, chunk), odd, delimiter)


def read_table(data: bytes, *, columns: int, delimiter: str, set_aside: Any) -> Any:
    """Valid UTF-8 as a table of strings.

    Args:
        data: whole records.
        columns: number of columns, whose names are their positions.
        delimiter: one ASCII character.
        set_aside: told of each record that has another number of cells.
    """
    names = [str(position) for position in range(columns)]
    return pa.csv.read_csv(
        pa.BufferReader(data),
        # One block and one thread: only then does Arrow number the rows it hands to the handler.
        read_options=pa.csv.ReadOptions(
            column_names=names, block_size=max(len(data) + 1, _ARROW_NEEDS_BYTES), use_threads=False
        ),
        parse_options=pa.csv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,  # they count for the line numbers; as rows of nulls they drop out later
            invalid_row_handler=set_aside,
        ),
        convert_options=pa.csv.ConvertOptions(
            check_utf8=False,  # done above
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )


def _completed(regular: Records, odd: list[Ragged], delimiter: str) -> Records:
    """The records with those among the odd ones that fit after all, in the order of the file."""
    width = len(regular.columns)
    found, rest = fitted(odd, width, delimiter, read_table)
    places = np.delete(np.arange(regular.count + len(odd)), [each.position for each in odd])
    positions = np.concatenate([places, *(group.positions for group in found)])
    order = pa.array(np.argsort(positions, kind="stable"))
    alone = np.concatenate(
        [np.zeros(regular.count, np.bool_), *(np.full(len(group.positions), group.alone) for group in found)]
    )
    return Records(
        [
            pa.concat_arrays([regular.columns[at], *(group.columns[at] for group in found)]).take(order)
            for at in range(width)
        ],
        [(each.position, each.text) for each in rest],
        alone[order.to_numpy()],
        regular.has_undecodable,
        regular.chunk,
    )
