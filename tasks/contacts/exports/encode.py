"""Encoding: Arrow batches into the bytes of a CSV or Parquet file."""

import codecs
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from groundwork.events.contacts.exports import Delimiter, ExportFormat
from groundwork.tasks.contacts.exports.parts import Part, PartSink
from groundwork.tasks.contacts.formulas import harmless, neutralised

CONTENT_TYPES: dict[ExportFormat, str] = {
    "csv": "text/csv; charset=utf-8; header=present",
    "parquet": "application/vnd.apache.parquet",
}
ROW_GROUP_BYTES = 16 * 1024 * 1024
"""Arrow bytes per row group of Parquet, which a writer and every reader hold in memory at once."""
COMPRESSION = "zstd"
_CSV_ROWS = 64 * 1024


class _RowWriter(Protocol):
    def write_batch(self, batch: pa.RecordBatch) -> None: ...


class Encoding:
    """A file as it is being encoded.

    Args:
        file_format: csv or parquet.
        schema: of the batches, with the file's headers as names.
        part_bytes: bytes per part.
        neutralise: whether CSV cells that a spreadsheet would execute get an apostrophe.
        delimiter: of a CSV.
        mark: whether a CSV begins with a byte order mark.

    Attributes:
        rows: encoded so far.
    """

    def __init__(
        self,
        file_format: ExportFormat,
        schema: pa.Schema,
        *,
        part_bytes: int,
        neutralise: bool,
        delimiter: Delimiter = ",",
        mark: bool = False,
    ) -> None:
        self.rows = 0
        self._format = file_format
        self._neutralises = neutralise and file_format == "csv"
        self._schema = _harmless_headers(schema) if self._neutralises else schema
        self._sink = PartSink(part_bytes)
        self._delimiter = delimiter
        self._mark = mark

    def parts(self, batches: Iterable[pa.RecordBatch]) -> Iterator[Part]:
        """The file in parts, each as soon as it is full. To be called once."""
        with self._writer() as writer:
            for batch in batches:
                columns = neutralised(batch).columns if self._neutralises else batch.columns
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))
                self.rows += batch.num_rows
                yield from self._sink.full(self.rows)
        yield from self._sink.rest(self.rows)

    def take_back(self, part: Part) -> None:
        """Use the memory of a part again, whose data nobody reads any more."""
        self._sink.take_back(part)

    def _writer(self) -> AbstractContextManager[_RowWriter]:
        if self._format == "parquet":
            return _parquet(self._sink, self._schema)
        if self._mark:
            self._sink.write(codecs.BOM_UTF8)
        return _csv(self._sink, self._schema, self._delimiter)

    @property
    def size(self) -> int:
        """Bytes of the file so far."""
        return self._sink.size

    @property
    def sha256(self) -> str:
        """Digest of the whole file, hexadecimal, once its parts are made."""
        return self._sink.sha256


def with_headers(schema: pa.Schema, headers: Sequence[str]) -> pa.Schema:
    """A query's schema under the file's headers, which may be longer than PostgreSQL's names can be."""
    return pa.schema([field.with_name(header) for field, header in zip(schema, headers, strict=True)])


def _harmless_headers(schema: pa.Schema) -> pa.Schema:
    return with_headers(schema, harmless(pa.array(schema.names, pa.string())).to_pylist())


@contextmanager
def _csv(sink: PartSink, schema: pa.Schema, delimiter: Delimiter) -> Iterator[_RowWriter]:
    # With quotes only where they are needed, Arrow leaves a cell with a carriage return without them. Nulls never get
    # any, and so differ from empty texts.
    options = pa.csv.WriteOptions(
        include_header=True, quoting_style="all_valid", batch_size=_CSV_ROWS, delimiter=delimiter
    )
    with pa.csv.CSVWriter(sink, schema, write_options=options) as writer:
        yield writer


@contextmanager
def _parquet(sink: PartSink, schema: pa.Schema) -> Iterator[_RowWriter]:
    with pa.parquet.ParquetWriter(sink, schema, compression=COMPRESSION) as writer:
        groups = _RowGroups(writer)
        yield groups
        groups.flush()


class _RowGroups:
    """Batches, gathered into row groups of about ``ROW_GROUP_BYTES``."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer
        self._batches: list[pa.RecordBatch] = []
        self._bytes = 0

    def write_batch(self, batch: pa.RecordBatch) -> None:
        self._batches.append(batch)
        self._bytes += batch.nbytes
        if self._bytes >= ROW_GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        if self._batches:
            table = pa.Table.from_batches(self._batches)
            self._writer.write_table(table, row_group_size=max(len(table), 1))
        self._batches, self._bytes = [], 0
