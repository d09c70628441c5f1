"""The steps of an import."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

import pyarrow as pa
from prefect.futures import PrefectFuture
from prefect.utilities.annotations import quote
from sqlalchemy import Connection

from groundwork.blocks.blob.store import BlobStat, blob_store
from groundwork.blocks.collector import trim_heap
from groundwork.blocks.database import database
from groundwork.events.contacts.imports import CsvImportConfirmed, ImportOptions
from groundwork.events.inbox import after_commit, running_attempt, written
from groundwork.tasks.contacts.imports import record, rejects
from groundwork.tasks.contacts.imports.counts import ImportCounts
from groundwork.tasks.contacts.imports.reading.chunks import Cut
from groundwork.tasks.contacts.imports.reading.contacts_file import ContactsFile, open_contacts
from groundwork.tasks.contacts.imports.reading.read_ahead import read_ahead
from groundwork.tasks.contacts.imports.record import ImportRecord, ImportSummary
from groundwork.tasks.contacts.imports.rows import upsert
from groundwork.tasks.contacts.imports.rows.prepare import PreparedChunk
from groundwork.tasks.contacts.imports.turns import Turn, Turns
from groundwork.tasks.contacts.settings import contacts_settings
from groundwork.tasks.short_step import call_short
from groundwork.tasks.step import step

_CHUNKS_BETWEEN_TRIMS = 8
"""Chunks after which the holes that they leave in the heap are given back. Several threads allocate and free, and an
import of millions of rows would grow all the time."""


def take_up_import(import_id: str, workspace_id: str) -> ImportRecord:
    """Begin the import; a later attempt finds it begun, and reopens a failed one."""
    begun = call_short(begin_import, import_id, workspace_id)
    if running_attempt().token > 1:
        reopen_import(import_id)
    return begun


@step(ledger=True, key=("import_id",))
def begin_import(connection: Connection, import_id: str, workspace_id: str) -> ImportRecord:
    """Take the import into work."""
    return record.begin(connection, import_id, workspace_id)


@step(memoise=False)
def reopen_import(import_id: str) -> None:
    """Let an import that an earlier attempt had to give up be in work again."""
    with database().transaction() as connection:
        running_attempt().keep_fence(connection)
        record.reopen(connection, import_id)


@step(ledger=True)
def note_upload(connection: Connection, blob_path: str) -> dict[str, Any]:  # noqa: ARG001 - the ledger row is the effect
    """Remember what is imported and how it is cut, so that a later attempt does not mix two uploads or two cuts."""
    stat = blob_store().stat(blob_path)
    cut = Cut.of(contacts_settings().import_chunk_bytes)
    return {"size": stat.size, "etag": stat.etag, "cut": asdict(cut)}


class Upload:
    """An upload that is being imported.

    Attributes:
        file: the open file.
        chunks: its chunks that are not written yet, the next one prepared while this one is worked on.
        counts: of the chunks that earlier attempts wrote.
    """

    def __init__(self, file: ContactsFile, chunks: Iterator[PreparedChunk], counts: ImportCounts) -> None:
        self.file = file
        self.chunks = chunks
        self.counts = counts


@contextmanager
def open_upload(blob_path: str, noted: dict[str, Any], options: ImportOptions | None = None) -> Iterator[Upload]:
    """Open the upload where the attempts before left off.

    Args:
        blob_path: key in the blob store.
        noted: what :func:`note_upload` returned.
        options: what the person chose; by default all is guessed.

    Raises:
        BlobMissing, BlobChanged: it is not what was uploaded.
        NonRetriable: it is not a CSV of contacts; the message says why.
    """
    # Arrow's own allocator keeps what each of its threads has freed, for no less CPU.
    pa.set_memory_pool(pa.system_memory_pool())
    done = {int(number) for number in written(running_attempt(), import_chunk.name)}
    with (
        open_contacts(
            blob_store(),
            blob_path,
            expected=BlobStat(size=noted["size"], etag=noted["etag"]),
            cut=Cut.noted(noted),
            options=options,
        ) as file,
        read_ahead(file.chunks(done)) as chunks,
    ):
        yield Upload(file, chunks, counts_so_far())


def import_in_order(
    event: CsvImportConfirmed, chunks: Iterable[PreparedChunk]
) -> Iterator[tuple[PreparedChunk, ImportCounts]]:
    """Write chunks in the order of the file, each a step: one is copied to PostgreSQL while the one before is merged.

    Yields:
        Each chunk with its counts, once it is committed.
    """
    with Turns() as turns:
        pending: tuple[PreparedChunk, PrefectFuture[ImportCounts]] | None = None
        for number, chunk in enumerate(chunks, 1):
            if number % _CHUNKS_BETWEEN_TRIMS == 0:
                trim_heap()
            turn = Turn(turns, before=pending[0].number if pending else None)
            # quote: Prefect need not look for futures within the chunk.
            future = import_chunk.submit(event, quote(chunk), turn)  # type: ignore[call-overload]
            if pending:
                yield _committed(*pending, turns)
            pending = (chunk, future)
        if pending:
            yield _committed(*pending, turns)


def _committed(
    chunk: PreparedChunk, future: PrefectFuture[ImportCounts], turns: Turns
) -> tuple[PreparedChunk, ImportCounts]:
    counts = future.result()
    # The turn of one that a try before has committed is not passed by the step.
    turns.written(chunk.number, all_new=_all_new(chunk, counts))
    return chunk, counts


@step(ledger=True, key=("chunk.number",))
def import_chunk(connection: Connection, event: CsvImportConfirmed, chunk: PreparedChunk, turn: Turn) -> ImportCounts:
    """Write one chunk of contacts, and the rows it rejects, exactly once.

    Args:
        connection: the transaction that writes it.
        event: what is imported.
        chunk: the rows.
        turn: comes once the chunk before this one is committed.
    """
    if chunk.rejects is not None:
        rejects.write_part(blob_store(), event.import_id, chunk.number, chunk.rejects)
    counts = upsert.write_rows(
        connection,
        chunk,
        workspace_id=event.workspace_id,
        import_id=event.import_id,
        on_conflict=event.options.on_conflict,
        in_turn=turn.comes,
    )
    # Prefect ends the step long after its commit; the next chunk need not wait for that.
    after_commit(connection, partial(turn.passes, chunk.number, all_new=_all_new(chunk, counts)))
    return counts


def _all_new(chunk: PreparedChunk, counts: ImportCounts) -> bool:
    """Whether no contact of a chunk was there before it."""
    return counts.rows == counts.inserted + counts.rejected + chunk.duplicates


@step
def collect_rejects(import_id: str, headers: list[str]) -> str | None:
    """Put the rejected rows of all chunks into one file. An import that has rejected none need not call it.

    Returns:
        Its key in the blob store; None where no row was rejected.
    """
    chunks = written(running_attempt(), import_chunk.name)
    rejecting = [int(number) for number, counts in chunks.items() if counts["rejected"]]
    return rejects.join_parts(blob_store(), import_id, headers, rejecting)


@step(ledger=True, key=("import_id",))
def finish_import(
    connection: Connection, import_id: str, counts: ImportCounts, rejects_path: str | None
) -> ImportSummary:
    """End the import with the counts of all chunks."""
    upsert.forget_skipped(connection, import_id)
    return record.finish(connection, import_id, counts, rejects_path)


def counts_so_far() -> ImportCounts:
    """The counts of all chunks that any attempt has written."""
    chunks = written(running_attempt(), import_chunk.name).values()
    return sum((ImportCounts(**each) for each in chunks), ImportCounts())


def fail_import(import_id: str, error: BaseException) -> bool:
    """Mark the import failed, if this delivery had begun it.

    Returns:
        Whether it had: an import that was never this delivery's is not touched.
    """
    if not written(running_attempt(), begin_import.name):
        return False
    with database().transaction() as connection:
        upsert.forget_skipped(connection, import_id)
        record.fail(connection, import_id, str(error))
    return True
