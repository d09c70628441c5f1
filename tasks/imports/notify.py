"""Telling the person who imported how it ended."""

from collections.abc import Mapping
from typing import Any

from blocks.blob_store import blob_store
from blocks.database import database
from events.imports import CsvImportConfirmed
from events.inbox import once, running_attempt, written
from notifications import notify_user
from tasks.imports.record import ImportRecord, ImportSummary, filename_of
from tasks.imports.steps import counts_so_far
from tasks.step import step


@step(key=())
def notify_finished(event: CsvImportConfirmed, record: ImportRecord, summary: ImportSummary) -> bool:
    """Tell the importer what the import came to, if their settings say so.

    Returns:
        Whether a message was sent.
    """
    rejects_url = blob_store().location(summary.rejects_path) if summary.rejects_path else None
    figures = summary.model_dump(exclude={"status", "rejects_path"})
    return _notify_once(event, "import_finished", figures | {"filename": record.filename, "rejects_url": rejects_url})


def notify_failed(event: CsvImportConfirmed, error: BaseException) -> bool:
    """Tell the importer why the import failed, if their settings say so.

    Returns:
        Whether a message was sent.
    """
    with database().transaction() as connection:
        filename = filename_of(connection, event.import_id)
    kept = counts_so_far()
    values = {"filename": filename, "error": str(error), "imported": kept.inserted + kept.updated}
    return _notify(event, "import_failed", values)


def _notify_once(event: CsvImportConfirmed, template: str, values: Mapping[str, Any]) -> bool:
    """Send, then record it. The mail server may take its time, so no transaction is open meanwhile; a crash in between
    sends the same message, with the same Message-ID, once more."""
    attempt = running_attempt()
    if template not in written(attempt, "notify"):
        sent = _notify(event, template, values)
        with once(attempt, "notify", key=template) as entry:
            entry.result = entry.result if entry.result is not None else sent
    return bool(written(attempt, "notify")[template])


def _notify(event: CsvImportConfirmed, template: str, values: Mapping[str, Any]) -> bool:
    with database().transaction() as connection:
        return notify_user(
            connection,
            event.user_id,
            template,
            values,
            setting="notify_on_import_complete",
            delivery_id=running_attempt().delivery_id,
        )
