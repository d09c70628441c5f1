"""The steps of an export."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from prefect.utilities.annotations import quote
from sqlalchemy import Connection

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import database
from groundwork.blocks.errors import NonRetriable
from groundwork.events.contacts.exports import CsvExportConfirmed
from groundwork.events.inbox import running_attempt, written
from groundwork.tasks.contacts.exports import record, upload
from groundwork.tasks.contacts.exports.encode import Encoding
from groundwork.tasks.contacts.exports.parts import Part
from groundwork.tasks.contacts.exports.record import ExportRecord, ExportSummary, StoredFile
from groundwork.tasks.contacts.exports.rows import ContactRows
from groundwork.tasks.contacts.exports.upload import Upload
from groundwork.tasks.contacts.settings import contacts_settings
from groundwork.tasks.short_step import call_short
from groundwork.tasks.step import step

logger = logging.getLogger(__name__)

UPLOADS_AT_ONCE = 2
"""One connection to S3 carries less than PostgreSQL gives; each further upload holds another part in memory."""


def take_up_export(event: CsvExportConfirmed) -> ExportRecord:
    """Begin the export; a later attempt finds it begun, and reopens a failed one."""
    begun = call_short(begin_export, event)
    if running_attempt().token > 1:
        reopen_export(event.export_id)
    return begun


@step(ledger=True, key=("event.export_id",))
def begin_export(connection: Connection, event: CsvExportConfirmed) -> ExportRecord:
    """Take the export into work."""
    return record.begin(connection, event.export_id, event.workspace_id, event.format)


@step(memoise=False)
def reopen_export(export_id: str) -> None:
    """Let an export that an earlier attempt had to give up be in work again."""
    with database().transaction() as connection:
        running_attempt().keep_fence(connection)
        record.reopen(connection, export_id)


def is_stored() -> bool:
    """Whether an earlier attempt has finished the file and died afterwards."""
    return bool(written(running_attempt(), finish_export.name))


@contextmanager
def new_upload(event: CsvExportConfirmed) -> Iterator[Upload]:
    """An upload that is aborted if the block raises."""
    begun = call_short(begin_upload, event)
    try:
        yield begun
    except BaseException:
        try:
            blob_store().abort_upload(begun.key, begun.id)
        except Exception as error:
            logger.warning("upload of %s not aborted, which is tried again when the export fails: %s", begun.key, error)
        raise


@step(memoise=False)
def begin_upload(event: CsvExportConfirmed) -> Upload:
    """Begin this attempt's upload, and end those of earlier attempts: their snapshot is gone, and the rest of their
    file with it."""
    return upload.begin(blob_store(), event.export_id, running_attempt().token, event.format)


def upload_contacts(
    event: CsvExportConfirmed, rows: ContactRows, into: Upload, show: Callable[[int, int], None]
) -> StoredFile:
    """Encode the rows and upload the file, part by part: parts are stored while the next one is made. A part that fails
    becomes a step, which is tried again.

    Args:
        event: what is exported.
        rows: of the snapshot.
        into: where to.
        show: called with the rows and bytes that are stored, after each part.

    Returns:
        The file, which is not yet complete in the store.
    """
    encoding = Encoding(
        event.format,
        rows.schema,
        part_bytes=contacts_settings().export_part_bytes,
        neutralise=event.neutralise_formulas,
        delimiter=event.delimiter,
        mark=event.byte_order_mark,
    )
    uploads = _PartUploads(into, show, encoding.take_back)
    try:
        for part in encoding.parts(rows.batches):
            uploads.add(part)
        etags = uploads.finish()
    except Exception:
        uploads.wait()
        raise
    call_short(complete_upload, into, etags, encoding.size)
    return StoredFile(
        blob_path=into.key,
        rows=encoding.rows,
        bytes=encoding.size,
        sha256=encoding.sha256,
        warnings=list(rows.warnings),
    )


class _PartUploads:
    """The uploads of a file's parts, of which ``UPLOADS_AT_ONCE`` are under way.

    Args:
        into: where to.
        show: called with the rows and bytes that are stored, after each part.
        done: called with each part that is stored, whose data is not read any more.
    """

    def __init__(self, into: Upload, show: Callable[[int, int], None], done: Callable[[Part], None]) -> None:
        self._into = into
        self._show = show
        self._done = done
        self._threads = ThreadPoolExecutor(UPLOADS_AT_ONCE, "upload")
        self._pending: deque[tuple[Part, Future[str]]] = deque()
        self._etags: list[str] = []
        self._stored = 0

    def add(self, part: Part) -> None:
        """Begin another one, as soon as there is room."""
        if len(self._pending) == UPLOADS_AT_ONCE:
            self._settle_first()
        # A task run of Prefect's costs as much as a part itself. Only what fails is worth one.
        future = self._threads.submit(_store, self._into, part.number, part.data)
        self._pending.append((part, future))

    def finish(self) -> list[str]:
        """The etags of all parts, once they are stored."""
        while self._pending:
            self._settle_first()
        self.wait()
        return self._etags

    def wait(self) -> None:
        """Return once nothing is under way: a part that arrives after its upload is aborted would stay for ever."""
        self._threads.shutdown()

    def _settle_first(self) -> None:
        part, future = self._pending.popleft()
        try:
            etag = future.result()
        except NonRetriable:
            raise
        except Exception as error:
            logger.warning("part %s is sent again: %s", part.number, error)
            # quote: Prefect need not look for futures within the part.
            etag = upload_part(self._into, part.number, quote(part.data))  # type: ignore[call-overload]
        self._etags.append(etag)
        self._stored += len(part.data)
        self._show(part.rows, self._stored)
        self._done(part)


@step(memoise=False, key=("number",))
def upload_part(into: Upload, number: int, data: memoryview) -> str:
    """Store one part. Repeated, it replaces itself.

    Returns:
        Its etag.
    """
    return _store(into, number, data)


def _store(into: Upload, number: int, data: memoryview) -> str:
    return blob_store().upload_part(into.key, into.id, number, data)


@step(memoise=False)
def complete_upload(into: Upload, etags: list[str], size: int) -> None:
    """Make the parts one blob.

    Args:
        into: the upload.
        etags: of its parts.
        size: bytes of all of them; the store has to have as many.

    Raises:
        BlobDamaged: it has not.
    """
    blob_store().complete_upload(into.key, into.id, etags, size=size)


@step(ledger=True, key=("begun.id",))
def finish_export(connection: Connection, begun: ExportRecord, file: StoredFile | None) -> ExportSummary:
    """End the export with its file.

    Args:
        connection: the transaction that ends it.
        begun: the export.
        file: what this attempt stored; None where an earlier one had finished.
    """
    assert file is not None, "nothing is stored, and nothing was finished before"
    return record.finish(connection, begun, file)


def fail_export(export_id: str, error: BaseException) -> str | None:
    """Mark the export failed or cancelled, if this delivery had begun it.

    Returns:
        Its status; None where it was never this delivery's, and is not touched.
    """
    attempt = running_attempt()
    if not written(attempt, begin_export.name):
        return None
    with database().transaction() as connection:
        return record.fail(connection, export_id, attempt.delivery_id, str(error))


def discard_export(export_id: str) -> None:
    """Leave nothing of a failed export in the blob store."""
    upload.discard(blob_store(), export_id)
