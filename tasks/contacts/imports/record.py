"""The import record: what a person uploaded, and what became of it."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.sql import statement
from groundwork.events.identifiers import in_names
from groundwork.tasks.contacts.imports.counts import ImportCounts
from groundwork.tasks.contacts.settings import contacts_settings
from groundwork.tasks.workspace_blobs import workspace_prefix

_SQL = Path(__file__).with_suffix(".sql")


class ImportRecord(BaseModel):
    """A row of ``app.csv_import``, as far as the job needs it."""

    id: str
    workspace_id: str
    filename: str
    blob_path: str


class ImportSummary(BaseModel):
    """What an import came to.

    Attributes:
        status: completed, or completed_with_errors where rows were rejected.
        seconds: from the first attempt's begin to the end.
        rejects_path: key of the rejected rows in the blob store.
    """

    status: str
    rows: int
    inserted: int
    updated: int
    skipped: int
    duplicates: int
    rejected: int
    reasons: dict[str, int]
    seconds: float
    rejects_path: str | None

    @property
    def rows_per_second(self) -> int:
        """Rows read per second."""
        return round(self.rows / self.seconds) if self.seconds else 0


def create_import(
    connection: Connection, *, import_id: str, workspace_id: str, user_id: str, filename: str, blob_path: str
) -> None:
    """Record an upload, ready to be confirmed by the event ``import/csv.confirmed``.

    Raises:
        NonRetriable: ``blob_path`` is no place of this import's, nor of its workspace's.
    """
    check_place(import_id, workspace_id, blob_path)
    connection.execute(
        statement(_SQL, "create_import"),
        {
            "import_id": import_id,
            "workspace_id": workspace_id,
            "user_id": user_id,
            "filename": filename,
            "blob_path": blob_path,
        },
    )


def begin(connection: Connection, import_id: str, workspace_id: str) -> ImportRecord:
    """Take a pending import into work.

    Raises:
        NonRetriable: the workspace has no such import, or it is not pending, or its upload lies where another's may.
            Nothing is changed.
    """
    address = {"import_id": import_id, "workspace_id": workspace_id}
    row = connection.execute(statement(_SQL, "begin_import"), address).mappings().one_or_none()
    if row is None:
        status = connection.execute(statement(_SQL, "import_status"), address).scalar()
        raise NonRetriable(
            f"Workspace {workspace_id} has no import {import_id}. Create its record before sending the event."
            if status is None
            else f"Import {import_id} is {status}, not pending. Upload the file as a new import."
        )
    check_place(import_id, workspace_id, row["blob_path"])
    return ImportRecord(**row)


def check_place(import_id: str, workspace_id: str, blob_path: str) -> None:
    """Refuse an upload that may be another workspace's: a record's path may have come with a request.

    Raises:
        NonRetriable: it lies neither below the import's folder nor below the workspace's.
    """
    said = contacts_settings().import_uploads.split(",")
    places = [
        _place(import_id),
        workspace_prefix(workspace_id),
        *(each.strip().replace("{workspace}", in_names(workspace_id)) for each in said if "{workspace}" in each),
    ]
    if ".." in blob_path.split("/") or not blob_path.startswith(tuple(places)):
        raise NonRetriable(
            f"The upload {blob_path!r} of import {import_id} lies where another workspace's may: put it below "
            f"{' or '.join(places)}, or say in GROUNDWORK_IMPORT_UPLOADS where uploads of a workspace are."
        )


def check_preview(connection: Connection, import_id: str, workspace_id: str, blob_path: str) -> None:
    """Refuse an upload that is not proven to be the workspace's, before a person has confirmed its import.

    Raises:
        NonRetriable: its place may be another workspace's, or is the import's, and the workspace has no such import.
    """
    check_place(import_id, workspace_id, blob_path)
    if not blob_path.startswith(_place(import_id)):
        return
    address = {"import_id": import_id, "workspace_id": workspace_id}
    if connection.execute(statement(_SQL, "import_status"), address).scalar() is None:
        raise NonRetriable(
            f"Workspace {workspace_id} has no import {import_id}. Create its record before asking for a preview, "
            f"or put the upload below {workspace_prefix(workspace_id)}."
        )


def _place(import_id: str) -> str:
    return f"imports/{in_names(import_id)}/"


def reopen(connection: Connection, import_id: str) -> None:
    """Take an import into work again that a person retries after its run had failed."""
    connection.execute(statement(_SQL, "reopen_import"), {"import_id": import_id})


def filename_of(connection: Connection, import_id: str) -> str:
    """The name under which the person knows the file."""
    return str(connection.execute(statement(_SQL, "filename_of"), {"import_id": import_id}).scalar_one())


def finish(connection: Connection, import_id: str, counts: ImportCounts, rejects_path: str | None) -> ImportSummary:
    """End an import that came through."""
    status = "completed_with_errors" if counts.rejected else "completed"
    figures: dict[str, Any] = counts.as_json() | {"status": status, "rejects_path": rejects_path}
    seconds = connection.execute(
        statement(_SQL, "finish_import"),
        {"import_id": import_id, "status": status, "summary": json.dumps(figures), "rejects_path": rejects_path},
    ).scalar_one()
    return ImportSummary(**figures, seconds=round(float(seconds), 3))


def fail(connection: Connection, import_id: str, error: str) -> None:
    """End an import that did not come through; what its chunks wrote stays."""
    connection.execute(statement(_SQL, "fail_import"), {"import_id": import_id, "error": error})
