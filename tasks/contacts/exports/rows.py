"""The rows of an export, as the event asks for them, out of one snapshot."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa

from groundwork.blocks.database import database
from groundwork.blocks.retry import while_database_restarts
from groundwork.blocks.settings import settings
from groundwork.events.contacts.exports import CsvExportConfirmed
from groundwork.tasks.contacts.exports import query
from groundwork.tasks.contacts.exports.columns import (
    ExportColumn,
    all_columns,
    fields_wanted,
    missing_warnings,
    named_columns,
)
from groundwork.tasks.contacts.exports.encode import with_headers
from groundwork.tasks.contacts.exports.snapshot import Snapshot, SnapshotLost, batch_bytes, snapshot
from groundwork.tasks.contacts.imports.reading.read_ahead import read_ahead

logger = logging.getLogger(__name__)

T = TypeVar("T")

BYTES_AHEAD = 1024 * 1024
"""What is read while the batch before is encoded, or the upload is being begun; one batch at least."""
SNAPSHOTS = 3
"""How often an attempt begins anew because PostgreSQL went away while it read."""


@dataclass(frozen=True)
class ContactRows:
    """Rows on their way.

    Attributes:
        schema: names are the file's headers.
        batches: the rows, to be read once.
        expected: about how many there will be.
        warnings: what the person who asked should look at.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    expected: int
    warnings: tuple[str, ...] = ()


@contextmanager
def contact_rows(event: CsvExportConfirmed) -> Iterator[ContactRows]:
    """Open the rows that an event asks for. They are read ahead in a thread from now on.

    Raises:
        NonRetriable: the file would have too many columns.
        SnapshotLost: PostgreSQL went away; also raised by the batches.
    """
    with snapshot(database()) as view:
        warnings = warnings_of(view, event)
        columns = columns_of(view, event)
        select = query.contacts(event.workspace_id, event.filter, columns, event.format)
        expected = view.expected_rows(select)
        size = batch_bytes(len(columns))
        ahead = max(BYTES_AHEAD // size, 1)
        with view.batches(select, size) as (schema, unread), read_ahead(unread, depth=ahead) as batches:
            headers = [column.header for column in columns]
            yield ContactRows(with_headers(schema, headers), batches, expected, tuple(warnings))


def warnings_of(view: Snapshot, event: CsvExportConfirmed) -> list[str]:
    """What is odd about the custom fields that an event names."""
    wanted = list(fields_wanted(event))
    if len(wanted) > query.LOOKED_FOR_SINGLY:
        # Each key of each document would be seen, of which many contacts have many.
        found = set(view.first_column(query.fields_of_some(event.workspace_id)))
        wanted = [field for field in wanted if field not in found]
    missing = view.first_column(query.missing_fields(event.workspace_id, wanted)) if wanted else []
    if not missing:
        return []
    return missing_warnings(event, missing, view.first_column(query.custom_fields(event.workspace_id)))


def columns_of(view: Snapshot, event: CsvExportConfirmed) -> list[ExportColumn]:
    """The columns of an event's file.

    Raises:
        NonRetriable: there are too many.
    """
    if event.columns is not None:
        return named_columns(event.columns, event.headers)
    return all_columns(view.first_column(query.custom_fields(event.workspace_id)), event.headers)


def from_one_snapshot(work: Callable[[], T]) -> T:
    """Do work that reads from one snapshot; again from the start, in a new one, if PostgreSQL restarts meanwhile.

    Raises:
        SnapshotLost: PostgreSQL stays away, or went away ``SNAPSHOTS`` times.
    """
    for left in reversed(range(SNAPSHOTS)):
        try:
            return work()
        except SnapshotLost as error:
            if not left:
                raise
            logger.warning("%s. The export begins anew.", error)
            for trial in while_database_restarts(settings().lease_seconds):
                with trial, database().transaction():
                    pass
    raise AssertionError("unreachable: the last one raises")
