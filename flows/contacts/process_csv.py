"""The job ``process-csv`` of the contacts app: a CSV in the blob store becomes contacts of a workspace."""

from typing import Any

from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.flows.job import job
from groundwork.tasks.contacts.imports.notify import notify_failed, notify_finished
from groundwork.tasks.contacts.imports.report import ImportProgress, how_read, publish_report
from groundwork.tasks.contacts.imports.steps import (
    collect_rejects,
    counts_so_far,
    fail_import,
    finish_import,
    import_in_order,
    note_upload,
    open_upload,
    take_up_import,
)
from groundwork.tasks.short_step import call_short


def give_up(event: CsvImportConfirmed, error: BaseException) -> None:
    """Record that the import has failed, and tell the person."""
    if fail_import(event.import_id, error):
        notify_failed(event, error)


@job(on=CsvImportConfirmed, lane=1, on_failure=give_up)
def process_csv(event: CsvImportConfirmed) -> dict[str, Any]:
    """Import the CSV of a confirmed import into the workspace's contacts."""
    record = take_up_import(event.import_id, event.workspace_id)
    noted = call_short(note_upload, record.blob_path)
    with open_upload(record.blob_path, noted, event.options) as upload:
        progress = ImportProgress(upload)
        for chunk, counts in import_in_order(event, upload.chunks):
            progress.add(chunk, counts)
        progress.close()
    counts = counts_so_far()
    rejects_path = collect_rejects(event.import_id, list(upload.file.layout.headers)) if counts.rejected else None
    summary = call_short(finish_import, event.import_id, counts, rejects_path)
    # Beside the mail. The end of the job waits for it.
    publish_report.submit(record, summary, how_read(upload.file), progress.speed)
    notify_finished(event, record, summary, return_state=True)  # best effort: a mail is not worth an import
    progress.wait()
    return summary.model_dump(mode="json")
