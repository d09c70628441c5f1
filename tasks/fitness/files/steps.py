"""The steps of an import of readings from a file."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from prefect.utilities.annotations import quote
from sqlalchemy import Connection

from groundwork.blocks.blob.store import BlobStat, blob_store
from groundwork.blocks.database import database
from groundwork.blocks.errors import BlobChanged, NonRetriable
from groundwork.blocks.sql import statement
from groundwork.events.fitness.scoring import RiskCheckWanted
from groundwork.events.fitness.sync import ReadingsFileUploaded
from groundwork.events.inbox import running_attempt, send, written
from groundwork.tasks.fitness.files import rejects
from groundwork.tasks.fitness.files.prepare import Context, PreparedRows, prepare
from groundwork.tasks.fitness.files.source import csv_chunks, parquet_chunks
from groundwork.tasks.fitness.files.upsert import write_rows
from groundwork.tasks.fitness.readings.day import zone_named
from groundwork.tasks.fitness.settings import fitness_settings
from groundwork.tasks.step import step
from groundwork.tasks.workspace_blobs import own_key

_SQL = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class FileNote:
    """What is imported and how it is cut, so that a later attempt does not mix two files or two cuts.

    Attributes:
        version: of rows without a version of their own.
    """

    key: str
    size: int
    etag: str
    chunk_rows: int
    version: datetime


@dataclass(frozen=True)
class RowCounts:
    """Rows by outcome; those that are neither changed nor rejected were there in this version or a newer one."""

    rows: int = 0
    changed: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


@step(ledger=True, key=())
def note_file(connection: Connection, event: ReadingsFileUploaded) -> FileNote:  # noqa: ARG001 - the ledger row is the effect
    """Look at the file.

    Raises:
        BlobMissing: there is none.
        NonRetriable: it is none of the workspace's, or too large.
    """
    key = own_key(event.workspace_id, event.blob)
    stat, now = blob_store().stat(key), fitness_settings()
    if stat.size > now.readings_max_bytes:
        raise NonRetriable(
            f"The file is larger than {now.readings_max_bytes:,} bytes; see GROUNDWORK_READINGS_MAX_BYTES."
        )
    moment = datetime.now(UTC)
    return FileNote(key, stat.size, stat.etag, now.readings_chunk_rows, min(event.sent_at or moment, moment))


@contextmanager
def open_file(event: ReadingsFileUploaded, note: FileNote) -> Iterator[Iterator[PreparedRows]]:
    """The chunks that are not written yet, the next one prepared while this one is worked on."""
    done = {int(number) for number in written(running_attempt(), import_rows.name)}
    with database().transaction() as connection:
        context = _context(connection, event.workspace_id, note)
    read = csv_chunks if event.format == "csv" else parquet_chunks
    with blob_store().open(note.key) as stream, ThreadPoolExecutor(1, "read-ahead") as ahead:
        if blob_store().stat(note.key) != BlobStat(size=note.size, etag=note.etag):
            raise BlobChanged(f"{note.key} changed during the import. Upload the file under a new key.")
        chunks = (prepare(each, context) for each in read(stream, note.chunk_rows) if each.number not in done)
        yield _one_ahead(chunks, ahead)


def import_all(event: ReadingsFileUploaded, note: FileNote) -> RowCounts:
    """Write every chunk, each a step. Returns the counts of all attempts."""
    with open_file(event, note) as chunks:
        for chunk in chunks:
            # quote: Prefect need not look for futures within the chunk.
            import_rows(event, quote(chunk))  # type: ignore[call-overload]
    return counts_so_far()


@step(ledger=True, key=("chunk.number",))
def import_rows(connection: Connection, event: ReadingsFileUploaded, chunk: PreparedRows) -> RowCounts:
    """Write one chunk, and the rows it rejects, exactly once."""
    if chunk.rejects is not None:
        rejects.write_part(blob_store(), _rejects_key(event.workspace_id), chunk.number, chunk.rejects)
    changed = write_rows(connection, event.workspace_id, chunk)
    return RowCounts(chunk.rows, changed, sum(chunk.reasons.values()), chunk.reasons)


@step(ledger=True, key=())
def want_risk_check(connection: Connection, workspace_id: str) -> None:
    """Have all of a workspace's members looked at: a file may have readings of any of them."""
    send(RiskCheckWanted.model_validate({"workspace_id": workspace_id}), connection)


@step(key=("workspace_id",))
def collect_rejects(workspace_id: str) -> str | None:
    """Put the rejected rows of all chunks into one file. Returns its key; None where no row was rejected."""
    chunks = written(running_attempt(), import_rows.name)
    rejecting = [int(number) for number, counts in chunks.items() if counts["rejected"]]
    return rejects.join_parts(blob_store(), _rejects_key(workspace_id), rejecting)


def counts_so_far() -> RowCounts:
    """The counts of all chunks that any attempt has written."""
    total = RowCounts()
    for each in written(running_attempt(), import_rows.name).values():
        reasons = {name: total.reasons.get(name, 0) + number for name, number in each["reasons"].items()}
        total = RowCounts(
            total.rows + each["rows"],
            total.changed + each["changed"],
            total.rejected + each["rejected"],
            dict(sorted((total.reasons | reasons).items())),
        )
    return total


def _context(connection: Connection, workspace_id: str, note: FileNote) -> Context:
    rows = connection.execute(statement(_SQL, "members"), {"workspace_id": workspace_id}).all()
    names = sorted({str(zone_named(row.zone)) for row in rows})
    place = {name: at for at, name in enumerate(names)}
    return Context(
        members=pa.array([row.id for row in rows], pa.string()),
        zones=np.array([place[str(zone_named(row.zone))] for row in rows], np.int64),
        names=names,
        version=note.version,
        now=datetime.now(UTC),
    )


def _one_ahead(chunks: Iterator[PreparedRows], ahead: ThreadPoolExecutor) -> Iterator[PreparedRows]:
    def following() -> Any:
        return next(chunks, None)

    waiting = ahead.submit(following)
    while (chunk := waiting.result()) is not None:
        waiting = ahead.submit(following)
        yield chunk


def _rejects_key(workspace_id: str) -> str:
    return rejects.rejects_key(workspace_id, str(running_attempt().delivery_id))
