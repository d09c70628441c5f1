"""Telling the person who asked for an export how it ended."""

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.words import counted
from groundwork.events.contacts.exports import CsvExportConfirmed
from groundwork.events.inbox import running_attempt
from groundwork.notifications import notify_once, notify_user
from groundwork.tasks.contacts.exports.record import ExportSummary
from groundwork.tasks.step import step


@step(key=())
def notify_finished(event: CsvExportConfirmed, summary: ExportSummary) -> bool:
    """Send the link to the file, if the person's settings say so.

    Returns:
        Whether a message was sent.
    """
    values = {
        "filename": summary.filename,
        "rows": summary.rows,
        "size": _size(summary.bytes),
        "seconds": summary.seconds,
        "download_url": summary.download_url(blob_store()),
        "expires": summary.expires_at.isoformat(),
        "warnings": summary.warnings,
    }
    return notify_once(event.user_id, "export_finished", values)


def notify_failed(event: CsvExportConfirmed, error: BaseException) -> bool:
    """Tell the person why there is no file, if their settings say so. The delivery has ended, so its ledger is closed;
    a replay that fails again sends the same Message-ID again.

    Returns:
        Whether a message was sent.
    """
    delivery_id = running_attempt().delivery_id
    return notify_user(
        event.user_id, "export_failed", {"error": str(error)}, delivery_id=delivery_id, workspace_id=event.workspace_id
    )


def _size(count: int) -> str:
    """``812 bytes``, ``7.4 kB``, ``131.2 MB``."""
    if count < 1000:
        return counted(count, "byte")
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"
