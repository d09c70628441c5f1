"""Telling the person who imported how it ended."""

from groundwork.blocks.blob.link import LONGEST_LINK
from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import database
from groundwork.blocks.mail.headers import LONGEST_TEXT, clean
from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.events.inbox import running_attempt
from groundwork.notifications import notify_once, notify_user
from groundwork.tasks.contacts.imports.record import ImportRecord, ImportSummary, filename_of
from groundwork.tasks.contacts.imports.steps import counts_so_far
from groundwork.tasks.step import step


@step(key=())
def notify_finished(event: CsvImportConfirmed, record: ImportRecord, summary: ImportSummary) -> bool:
    """Tell the importer what the import came to, if their settings say so.

    Returns:
        Whether a message was sent.
    """
    figures = summary.model_dump(exclude={"status", "rejects_path"})
    values = figures | {
        "filename": clean(record.filename, LONGEST_TEXT),
        "rejects_url": _rejects_url(summary.rejects_path),
    }
    return notify_once(event.user_id, "import_finished", values)


def notify_failed(event: CsvImportConfirmed, error: BaseException) -> bool:
    """Tell the importer why the import failed, if their settings say so. The delivery has ended, so its ledger is
    closed; a replay that fails again sends the same Message-ID again.

    Returns:
        Whether a message was sent.
    """
    with database().transaction() as connection:
        filename = filename_of(connection, event.import_id)
    kept = counts_so_far()
    values = {"filename": clean(filename, LONGEST_TEXT), "error": str(error), "imported": kept.inserted + kept.updated}
    delivery_id = running_attempt().delivery_id
    return notify_user(event.user_id, "import_failed", values, delivery_id=delivery_id, workspace_id=event.workspace_id)


def _rejects_url(rejects_path: str | None) -> str | None:
    if rejects_path is None:
        return None
    return blob_store().download_url(
        rejects_path, filename="rejected-rows.csv", expires_in=LONGEST_LINK, content_type="text/csv"
    )
