"""The export record: what a person asked for, and what became of it."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Connection

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.sql import statement
from groundwork.events.contacts.exports import ExportFormat
from groundwork.events.inbox.holder import was_cancelled
from groundwork.tasks.contacts.exports.encode import CONTENT_TYPES
from groundwork.tasks.contacts.settings import contacts_settings

_SQL = Path(__file__).with_suffix(".sql")
_LONGEST_IN_FILE_NAME = 40
"""Characters of a workspace's id in a file's name. Most file systems take 255 bytes; a character may have four."""
_NOT_FOR_FILE_NAMES = re.compile(r"[^\w.-]+")


class ExportRecord(BaseModel):
    """A row of ``app.contact_export``, as far as the job needs it."""

    id: str
    workspace_id: str
    format: ExportFormat


class StoredFile(BaseModel):
    """A file that is whole in the blob store.

    Attributes:
        blob_path: its key.
        bytes: its size.
        sha256: of its bytes, hexadecimal.
        warnings: what the person who asked should look at.
    """

    blob_path: str
    rows: int
    bytes: int
    sha256: str
    warnings: list[str] = []


class ExportSummary(BaseModel):
    """What an export came to.

    Attributes:
        bytes: size of the file.
        sha256: of the file, hexadecimal.
        seconds: from the first attempt's begin to the end.
        blob_path: key in the blob store.
        filename: under which a browser saves it.
        expires_at: until when links are made.
        warnings: what the person who asked should look at.
    """

    status: str = "completed"
    format: ExportFormat
    rows: int
    bytes: int
    sha256: str
    seconds: float
    blob_path: str
    filename: str
    expires_at: datetime
    warnings: list[str] = []

    def download_url(self, store: BlobStore) -> str:
        """Make a download link. Whoever has it can have the file, so it is kept nowhere and told to one person.

        Raises:
            ConfigurationError: no secret to sign it with.
        """
        return store.download_url(
            self.blob_path,
            filename=self.filename,
            expires_in=link_lifetime(),
            content_type=CONTENT_TYPES[self.format],
        )


def create_export(connection: Connection, *, export_id: str, workspace_id: str, user_id: str) -> None:
    """Record that a person wants a file, ready to be confirmed by the event ``export/csv.confirmed``."""
    connection.execute(
        statement(_SQL, "create_export"),
        {"export_id": export_id, "workspace_id": workspace_id, "user_id": user_id},
    )


def begin(connection: Connection, export_id: str, workspace_id: str, file_format: ExportFormat) -> ExportRecord:
    """Take a pending export into work.

    Raises:
        NonRetriable: the workspace has no such export, or it is not pending. Nothing is changed.
    """
    address = {"export_id": export_id, "workspace_id": workspace_id}
    row = (
        connection.execute(statement(_SQL, "begin_export"), address | {"format": file_format}).mappings().one_or_none()
    )
    if row is None:
        status = connection.execute(statement(_SQL, "export_status"), address).scalar()
        raise NonRetriable(
            f"Workspace {workspace_id} has no export {export_id}. Create its record before sending the event."
            if status is None
            else f"Export {export_id} is {status}, not pending. Ask for a new export."
        )
    return ExportRecord.model_validate(dict(row))


def reopen(connection: Connection, export_id: str) -> None:
    """Take an export into work again that a person retries after its run had failed."""
    connection.execute(statement(_SQL, "reopen_export"), {"export_id": export_id})


def finish(connection: Connection, record: ExportRecord, file: StoredFile) -> ExportSummary:
    """End an export whose file is in the blob store."""
    row = connection.execute(
        statement(_SQL, "finish_export"),
        {
            "export_id": record.id,
            "link_seconds": link_lifetime().total_seconds(),
            **file.model_dump(exclude={"warnings"}),
        },
    ).one()
    return ExportSummary(
        format=record.format,
        seconds=round(float(row.seconds), 3),
        filename=filename_of(record, row.finished_at),
        expires_at=row.expires_at,
        **file.model_dump(),
    )


def fail(connection: Connection, export_id: str, delivery_id: UUID, error: str) -> str:
    """End an export that did not come through, as cancelled where its delivery is, else as failed.

    Returns:
        The status.
    """
    status = "cancelled" if was_cancelled(connection, delivery_id) else "failed"
    parameters = {"export_id": export_id, "status": status, "error": error}
    connection.execute(statement(_SQL, "fail_export"), parameters)
    return status


def link_lifetime() -> timedelta:
    """How long download links of exports work."""
    return timedelta(hours=contacts_settings().export_link_hours)


def filename_of(record: ExportRecord, day: datetime) -> str:
    """``contacts-acme-2026-11-22.csv``, whatever characters a workspace's id has, and however long it is."""
    workspace = _NOT_FOR_FILE_NAMES.sub("-", record.workspace_id).strip("-.")[:_LONGEST_IN_FILE_NAME] or "workspace"
    return f"contacts-{workspace}-{day:%Y-%m-%d}.{record.format}"
