"""One consistent view of the database, read as Arrow batches.

ADBC's driver reads PostgreSQL's binary COPY in C, straight into Arrow; docs/exports.md compares it with psycopg. Its
DB-API layer is left out: it would load Arrow's dataset library, 40 MB in every run.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import adbc_driver_postgresql
import pyarrow as pa
from adbc_driver_manager import AdbcConnection, AdbcStatement, InternalError, OperationalError
from adbc_driver_postgresql import StatementOptions

from groundwork.blocks.database import Database
from groundwork.blocks.errors import Interrupted

BATCH_BYTES = 256 * 1024
"""Where a batch ends. Larger ones gain nothing and cost memory; a longer row makes a longer batch."""
COLUMN_BYTES = 4 * 1024
"""What a batch has per column at least. Each column of each batch costs as much as some hundred cells, so that 899
columns in batches of 256 KiB took four times the CPU."""
_USE_COPY = "adbc.postgresql.use_copy"
_SERVER_KEEPS = 4 * 1024 * 1024
"""Bytes of a text that the server makes and forgets at once."""
_BEGINNING = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    # A scan that joins another's in the middle of the table would give the rows in another order each time.
    "SET LOCAL synchronize_seqscans = off",
    # Several workers give their rows as they come.
    "SET LOCAL max_parallel_workers_per_gather = 0",
    # A row of hundreds of fields takes more memory than malloc keeps of what is free, so that the server would give it
    # back and fetch it again for each row. glibc keeps twice as much as the largest block that it ever got back.
    f"SELECT length(repeat(' ', {_SERVER_KEEPS}))",
)


def batch_bytes(columns: int) -> int:
    """Where a batch of so many columns ends."""
    return max(BATCH_BYTES, columns * COLUMN_BYTES)


class SnapshotLost(Interrupted):
    """The connection to PostgreSQL broke while contacts were being read, and the view of them with it. The export
    starts again by itself; no action is needed unless it lasts."""


class Snapshot:
    """A REPEATABLE READ transaction: every query sees the rows as they were at the first. Made by :func:`snapshot`."""

    def __init__(self, connection: AdbcConnection) -> None:
        self._connection = connection

    def first_column(self, query: str) -> list[Any]:
        """The first column of a query that returns few rows.

        Raises:
            SnapshotLost: PostgreSQL went away.
        """
        with self.batches(query) as (_, batches):
            return [value for batch in batches for value in batch.column(0).to_pylist()]

    def expected_rows(self, query: str) -> int:
        """How many rows the planner expects of a query."""
        with self._executed(f"EXPLAIN (FORMAT JSON) {query}", {_USE_COPY: "false"}) as (_, batches):
            [plan] = [value for batch in batches for value in batch.column(0).to_pylist()]
        return int(json.loads(plan)[0]["Plan"]["Plan Rows"])

    @contextmanager
    def batches(self, query: str, size: int = BATCH_BYTES) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
        """A query's schema and its rows, as they come.

        Args:
            query: of rows.
            size: bytes at which a batch ends.

        Raises:
            SnapshotLost: PostgreSQL went away; also raised by the iterator.
        """
        options = {StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(size)}
        with self._executed(query, options) as result:
            yield result

    @contextmanager
    def _executed(self, query: str, options: dict[str, str]) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
        with _explained():
            statement = AdbcStatement(self._connection)
        try:
            with _explained():
                statement.set_options(**options)
                statement.set_sql_query(query)
                stream, _ = statement.execute_query()
                reader = pa.RecordBatchReader.from_stream(stream)
            with reader:
                yield reader.schema, _read(reader)
        finally:
            statement.close()


@contextmanager
def snapshot(database: Database) -> Iterator[Snapshot]:
    """A view of the database that stays as it is until the block ends.

    Raises:
        SnapshotLost: PostgreSQL cannot be reached.
    """
    with _explained():
        driver = adbc_driver_postgresql.connect(database.conninfo)
        connection = AdbcConnection(driver)
    try:
        with _explained():
            connection.set_autocommit(False)
        for said in _BEGINNING:
            with _explained(), AdbcStatement(connection) as statement:
                statement.set_sql_query(said)
                statement.execute_update()
        yield Snapshot(connection)
    finally:
        connection.close()
        driver.close()


def _read(reader: Any) -> Iterator[pa.RecordBatch]:
    while True:
        with _explained():
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
        yield batch


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InternalError, OSError) as error:
        raise SnapshotLost(f"PostgreSQL went away while contacts were being read: {error}") from error
