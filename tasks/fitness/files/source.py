"""Chunks of a file of readings: its columns as text, a fixed number of rows each, whoever reads it and how often."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from groundwork.blocks.errors import NonRetriable

REQUIRED = ("member_id", "source", "metric", "value", "measured_at")
OPTIONAL = ("unit", "day", "external_id", "updated_at", "deleted")
COLUMNS = (*REQUIRED, *OPTIONAL)
WRONG_NUMBER_OF_COLUMNS = "wrong_number_of_columns"
_BLOCK = 1024 * 1024
_LONGEST_CHUNK = 512 * 1024 * 1024
"""Bytes of CSV that so many rows may have. More are no readings."""
_LARGEST_ROW_GROUP = 4 * 1024**3
"""Bytes of a Parquet row group, unpacked, as its footer says."""
_LINE_END = ord("\n")


@dataclass(frozen=True)
class RowChunk:
    """Some rows of a file.

    Attributes:
        number: 0 for the first.
        table: text columns of :data:`COLUMNS` that the file has; null where a cell is empty.
        lines: line of each row in the file, from 1; of Parquet, the row.
        ragged: lines with a wrong number of cells, as they stand.
    """

    number: int
    table: Any
    lines: Any
    ragged: tuple[tuple[int, str], ...] = ()


def csv_chunks(stream: BinaryIO, rows: int) -> Iterator[RowChunk]:
    """The chunks of a CSV: UTF-8, with commas, a header, and a row on each line.

    Raises:
        NonRetriable: it has no such header, or lines that are no readings.
    """
    lines = _lines(stream, rows)
    header = next(lines, b"")
    names = _names(header.removeprefix(b"\xef\xbb\xbf"))
    line = 2
    for number, data in enumerate(lines):
        text, count = _utf8(data), data.count(b"\n") + (not data.endswith(b"\n"))
        ragged: list[tuple[int, str]] = []
        try:
            table = _parsed(text, names, ragged)
        except pa.ArrowInvalid:
            raise NonRetriable(_open_quote(line, count)) from None
        places = np.delete(np.arange(line, line + count), [at for at, _ in ragged])
        if len(places) != len(table):
            raise NonRetriable(_open_quote(line, count))
        found = tuple((line + at, row) for at, row in ragged)
        yield RowChunk(number, table.select([each for each in COLUMNS if each in names]), pa.array(places), found)
        line += count


def parquet_chunks(stream: BinaryIO, rows: int) -> Iterator[RowChunk]:
    """The chunks of a Parquet file.

    Raises:
        NonRetriable: it is none, or lacks a column, or says that it unpacks to too much.
    """
    noted = _Noted(stream)
    try:
        file = pyarrow.parquet.ParquetFile(noted)
    except (pa.ArrowException, OSError) as error:
        raise noted.failure or NonRetriable(f"The file is no Parquet: {str(error)[:200]}") from None
    _require(file.schema_arrow.names)
    for at in range(file.metadata.num_row_groups):
        if file.metadata.row_group(at).total_byte_size > _LARGEST_ROW_GROUP:
            raise NonRetriable("A row group of the Parquet file is larger than 4 GiB. Write smaller ones.")
    names = [each for each in COLUMNS if each in file.schema_arrow.names]
    row = 1
    try:
        for number, batch in enumerate(file.iter_batches(batch_size=rows, columns=names)):
            table = pa.table([_text(batch.column(name)) for name in names], names=names)
            yield RowChunk(number, table, pa.array(np.arange(row, row + len(table))))
            row += len(table)
    except (pa.ArrowException, OSError) as error:
        raise noted.failure or NonRetriable(f"The Parquet file cannot be read: {str(error)[:200]}") from None


class _Noted(io.RawIOBase):
    """A stream that notes what the store fails with: Arrow raises OSError for that, and for a damaged file as well."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.failure: BaseException | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            return self._stream.read(-1 if size is None else size)
        except BaseException as error:
            self.failure = error
            raise


def _lines(stream: BinaryIO, rows: int) -> Iterator[bytes]:
    """The header, and then so many whole lines at a time."""
    held: list[bytes] = []
    count, wanted = 0, 1
    while block := stream.read(_BLOCK):
        while (lines := block.count(b"\n")) >= wanted - count:
            end = _end_of_line(block, wanted - count)
            yield b"".join([*held, block[:end]])
            held, count, wanted, block = [], 0, rows, block[end:]
        held.append(block)
        count += lines
        if sum(map(len, held)) > _LONGEST_CHUNK:
            raise NonRetriable(f"{wanted:,} lines have more than {_LONGEST_CHUNK:,} bytes: the file holds no readings.")
    if any(held):
        yield b"".join(held)


def _end_of_line(block: bytes, number: int) -> int:
    """Behind the line of that number."""
    return int(np.flatnonzero(np.frombuffer(block, np.uint8) == _LINE_END)[number - 1]) + 1


def _names(header: bytes) -> list[str]:
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(header), read_options=pyarrow.csv.ReadOptions(autogenerate_column_names=True)
        )
        names = [str(column[0].as_py()).strip().lower() for column in table.columns]
    except (pa.ArrowException, IndexError, UnicodeDecodeError):
        names = []
    _require(names)
    return names


def _require(names: list[str]) -> None:
    missing = [each for each in REQUIRED if each not in names]
    if missing:
        raise NonRetriable(
            f"The file lacks the column {', '.join(missing)}. Its columns are {', '.join(COLUMNS)}, the last "
            f"{len(OPTIONAL)} of them as you like; a CSV has commas between them."
        )
    repeated = [each for each in COLUMNS if names.count(each) > 1]
    if repeated:
        raise NonRetriable(f"The file has two columns {repeated[0]!r}. Leave one out.")


def _open_quote(line: int, count: int) -> str:
    return (
        f"In one of the lines {line:,} to {line + count - 1:,} a quote is opened and not closed, and a row stands on "
        "one line. Close it and upload the file under a new key."
    )


def _utf8(data: bytes) -> bytes:
    """The text, where what is no UTF-8 is replaced: such a cell is refused for what it holds then."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode(errors="replace").encode()
    return data


def _parsed(text: bytes, names: list[str], ragged: list[tuple[int, str]]) -> Any:
    def set_aside(row: Any) -> str:
        ragged.append((row.number - 1, row.text))
        return "skip"

    # Columns that nobody reads may have one name; ours are each there once.
    labels = [name if name in COLUMNS else f"#{at}" for at, name in enumerate(names)]
    return pyarrow.csv.read_csv(
        pa.BufferReader(text),
        # One block and one thread: only then does Arrow number the rows it hands to the handler.
        read_options=pyarrow.csv.ReadOptions(column_names=labels, block_size=len(text) + 64, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(
            newlines_in_values=False, ignore_empty_lines=False, invalid_row_handler=set_aside
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            check_utf8=False,  # done above
            include_columns=[each for each in labels if each in COLUMNS],
            column_types=dict.fromkeys(labels, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    ).combine_chunks()


def _text(column: Any) -> Any:
    """A column of any type as text, as a CSV would have it."""
    if pa.types.is_timestamp(column.type) and column.type.tz:
        column = column.cast(pa.timestamp("us", "UTC"))
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        return pc.cast(column, pa.string())
    except pa.ArrowException:
        raise NonRetriable(
            f"A column of the Parquet file is {column.type}, which is no text, number or time."
        ) from None
