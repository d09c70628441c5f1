"""The steps of an import."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from prefect.futures import PrefectFuture
from prefect.utilities.annotations import quote

from groundwork.blocks.blob.store import BlobStat, blob_store
from groundwork.blocks.database import database
from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.events.inbox import once, running_attempt, written
from groundwork.tasks.contacts.imports import record, rejects
from groundwork.tasks.contacts.imports.counts import ImportCounts
from groundwork.tasks.contacts.imports.reading.contacts_file import ContactsFile, open_contacts
from groundwork.tasks.contacts.imports.reading.read_ahead import read_ahead
from groundwork.tasks.contacts.imports.record import ImportRecord, ImportSummary
from groundwork.tasks.contacts.imports.rows import upsert
from groundwork.tasks.contacts.imports.rows.prepare import PreparedChunk
from groundwork.tasks.contacts.imports.turns import Turns
from groundwork.tasks.contacts.settings import contacts_settings
from groundwork.tasks.step import step

BEGIN, UPLOAD, CHUNK, FINISH = "begin-import", "note-upload", "import-chunk", "finish-import"
"""Names under which the steps keep their ledger."""


@step(memoise=False)
def begin_import(import_id: str, workspace_id: str) -> ImportRecord:
    """Take the import into work; a later attempt finds it begun. Not memoised: it also reopens a failed one."""
    with once(running_attempt(), BEGIN, key=import_id) as entry:
        if entry.result is None:
            entry.result = record.begin(entry.connection, import_id, workspace_id).model_dump()
        else:
            record.resume(entry.connection, import_id)
        return ImportRecord(**entry.result)


@step
def note_upload(blob_path: str) -> dict[str, Any]:
    """Remember what is imported and how it is cut, so that a later attempt does not mix two uploads or two cuts."""
    with once(running_attempt(), UPLOAD, key=blob_path) as entry:
        if entry.result is None:
            stat = blob_store().stat(blob_path)
            cut = contacts_settings().import_chunk_bytes
            entry.result = {"size": stat.size, "etag": stat.etag, "chunk_bytes": cut}
        return dict(entry.result)


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
def open_upload(blob_path: str, noted: dict[str, Any]) -> Iterator[Upload]:
    """Open the upload where the attempts before left off.

    Args:
        blob_path: key in the blob store.
        noted: what :func:`note_upload` returned.

    Raises:
        BlobMissing, BlobChanged: it is not what was uploaded.
        NonRetriable: it is not a CSV of contacts; the message says why.
    """
    done = {int(number) for number in written(running_attempt(), CHUNK)}
    with (
        open_contacts(
            blob_store(),
            blob_path,
            expected=BlobStat(size=noted["size"], etag=noted["etag"]),
            chunk_bytes=noted["chunk_bytes"],
        ) as file,
        read_ahead(file.chunks(done)) as chunks,
    ):
        yield Upload(file, chunks, counts_so_far())


def import_chunks(
    event: CsvImportConfirmed, chunks: Iterable[PreparedChunk]
) -> Iterator[tuple[PreparedChunk, ImportCounts]]:
    """Write chunks in the order of the file, each a step: one is copied to PostgreSQL while the one before is merged.

    Yields:
        Each chunk with its counts, once it is committed.
    """
    with Turns() as turns:
        pending: tuple[PreparedChunk, PrefectFuture[dict[str, Any]]] | None = None
        for chunk in chunks:
            before = pending[0].number if pending else None
            # quote: Prefect need not look for futures within the chunk.
            future = import_chunk.submit(event, quote(chunk), turns, before)  # type: ignore[call-overload]
            if pending:
                yield pending[0], ImportCounts(**pending[1].result())
            pending = (chunk, future)
        if pending:
            yield pending[0], ImportCounts(**pending[1].result())


@step(memoise=False, key=("chunk.number",))
def import_chunk(event: CsvImportConfirmed, chunk: PreparedChunk, turns: Turns, before: int | None) -> dict[str, Any]:
    """Write one chunk of contacts, and the rows it rejects, exactly once. The ledger remembers it; Prefect need not.

    Args:
        event: what is imported.
        chunk: the rows.
        turns: of this run.
        before: number of the chunk that must be committed first.

    Returns:
        Its :class:`ImportCounts` as JSON.
    """
    with once(running_attempt(), CHUNK, key=str(chunk.number)) as entry:
        if entry.result is None:
            if chunk.rejects is not None:
                rejects.write_part(blob_store(), event.import_id, chunk.number, chunk.rejects)
            counts = upsert.import_chunk(
                entry.connection,
                chunk,
                workspace_id=event.workspace_id,
                import_id=event.import_id,
                on_conflict=event.options.on_conflict,
                in_turn=lambda: turns.wait_for(before),
            )
            entry.result = counts.as_json()
    turns.written(chunk.number)
    return dict(entry.result)


@step
def collect_rejects(import_id: str, headers: list[str]) -> str | None:
    """Put the rejected rows of all chunks into one file.

    Returns:
        Its key in the blob store; None where no row was rejected.
    """
    chunks = written(running_attempt(), CHUNK)
    rejecting = [int(number) for number, counts in chunks.items() if counts["rejected"]]
    return rejects.join_parts(blob_store(), import_id, headers, rejecting)


@step
def finish_import(import_id: str, rejects_path: str | None) -> ImportSummary:
    """End the import with the counts of all chunks."""
    counts = counts_so_far()
    with once(running_attempt(), FINISH, key=import_id) as entry:
        if entry.result is None:
            upsert.forget_skipped(entry.connection, import_id)
            entry.result = record.finish(entry.connection, import_id, counts, rejects_path).model_dump()
        return ImportSummary(**entry.result)


def counts_so_far() -> ImportCounts:
    """The counts of all chunks that any attempt has written."""
    chunks = written(running_attempt(), CHUNK).values()
    return sum((ImportCounts(**each) for each in chunks), ImportCounts())


def fail_import(import_id: str, error: BaseException) -> bool:
    """Mark the import failed, if this delivery had begun it.

    Returns:
        Whether it had: an import that was never this delivery's is not touched.
    """
    if not written(running_attempt(), BEGIN):
        return False
    with database().transaction() as connection:
        upsert.forget_skipped(connection, import_id)
        record.fail(connection, import_id, str(error))
    return True
