"""The job ``process-export`` of the contacts app: a workspace's contacts become a file in the blob store."""

from typing import Any

from groundwork.events.contacts.exports import CsvExportConfirmed
from groundwork.flows.job import job
from groundwork.tasks.contacts.exports.notify import notify_failed, notify_finished
from groundwork.tasks.contacts.exports.record import StoredFile
from groundwork.tasks.contacts.exports.report import ExportProgress, publish_report
from groundwork.tasks.contacts.exports.rows import contact_rows, from_one_snapshot
from groundwork.tasks.contacts.exports.steps import (
    discard_export,
    fail_export,
    finish_export,
    is_stored,
    new_upload,
    take_up_export,
    upload_contacts,
)
from groundwork.tasks.short_step import call_short


def give_up(event: CsvExportConfirmed, error: BaseException) -> None:
    """Record that the export has failed, discard what there is of its file, and tell the person."""
    status = fail_export(event.export_id, error)
    if status is None:
        return
    try:
        discard_export(event.export_id)
    finally:
        if status == "failed":
            notify_failed(event, error)


@job(on=CsvExportConfirmed, lane=1, on_failure=give_up)
def process_export(event: CsvExportConfirmed) -> dict[str, Any]:
    """Export the workspace's contacts that the event asks for."""
    record = take_up_export(event)
    file, progress = (None, None) if is_stored() else from_one_snapshot(lambda: _store(event))
    summary = call_short(finish_export, record, file)
    # Beside the mail. The end of the job waits for it.
    publish_report.submit(record, summary)
    notify_finished(event, summary, return_state=True)  # best effort: a mail is not worth an export
    if progress:
        progress.wait()
    return summary.model_dump(mode="json")


def _store(event: CsvExportConfirmed) -> tuple[StoredFile, ExportProgress]:
    """The stored file, and the progress, of whose end Prefect may not yet know."""
    with contact_rows(event) as rows, new_upload(event) as upload:
        progress = ExportProgress(rows.expected)
        file = upload_contacts(event, rows, upload, progress.show)
        progress.close()
        return file, progress
