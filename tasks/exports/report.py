"""What people see of an export: progress while it runs, a table at its end."""

import time
from uuid import UUID

from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact

from events.inbox import running_attempt
from tasks.exports.record import ExportRecord, ExportSummary
from tasks.step import step

_STATUS_SECONDS = 0.5
"""Least time between two updates of the status that the application's own page polls."""
_ARTIFACT_SECONDS = 2.0
"""Least time between two updates of Prefect's artifact: each is a request of about 20 ms."""


class ExportProgress:
    """Tells how far an export has come, to the inbox and to Prefect.

    Args:
        expected: about how many rows there will be.
    """

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._rows, self._bytes = 0, 0
        self._artifact: UUID | None = None
        self._drawn_at = time.monotonic()
        self._report()

    def show(self, rows: int, size: int) -> None:
        """Rows and bytes that are stored by now."""
        self._rows, self._bytes = rows, size
        if time.monotonic() - self._reported_at >= _STATUS_SECONDS:
            self._report()
        if time.monotonic() - self._drawn_at >= _ARTIFACT_SECONDS:
            self._draw()

    def close(self) -> None:
        """Show the end."""
        self._expected = self._rows
        self._report()
        self._draw()

    def _report(self) -> None:
        self._reported_at = time.monotonic()
        running_attempt().report({"rows": self._rows, "bytes": self._bytes, "expected_rows": self._expected})

    def _draw(self) -> None:
        self._drawn_at = time.monotonic()
        # The planner's estimate may be short of the rows.
        percent = (
            100.0 if self._rows == self._expected else min(round(100 * self._rows / max(self._expected, 1), 1), 99)
        )
        description = f"{self._rows:,} contacts, {self._bytes:,} bytes stored"
        if self._artifact is None:
            artifact = create_progress_artifact(percent, key="export-progress", description=description)
            assert isinstance(artifact, UUID)
            self._artifact = artifact
        else:
            update_progress_artifact(self._artifact, percent, description=description)


@step
def publish_report(record: ExportRecord, summary: ExportSummary) -> str:
    """Show the export's figures as an artifact of the run. The link is left out: whoever sees the run could use it."""
    markdown = report(record, summary)
    create_markdown_artifact(markdown, key="export", description=f"Export {record.id}")
    return markdown


def report(record: ExportRecord, summary: ExportSummary) -> str:
    """The figures of an export as Markdown."""
    return "\n".join(
        [
            f"## Export `{record.id}`: {summary.status}",
            "",
            "| figure | value |",
            "| --- | ---: |",
            f"| format | {summary.format} |",
            f"| contacts | {summary.rows:,} |",
            f"| bytes | {summary.bytes:,} |",
            f"| seconds | {summary.seconds:,} |",
            f"| SHA-256 | `{summary.sha256}` |",
            f"| kept as | `{summary.blob_path}` |",
            f"| links until | {summary.expires_at:%Y-%m-%d %H:%M} UTC |",
        ]
    )
