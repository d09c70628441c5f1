"""What people see of an import: progress while it runs, a table at its end."""

import time
from uuid import UUID

from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact

from blocks.blob_store import blob_store
from events.inbox import running_attempt
from tasks.imports.counts import ImportCounts
from tasks.imports.prepare import PreparedChunk
from tasks.imports.record import ImportRecord, ImportSummary
from tasks.imports.steps import Upload
from tasks.step import step

_STATUS_SECONDS = 0.5
"""Least time between two updates of the status that the application's own page polls."""
_ARTIFACT_SECONDS = 2.0
"""Least time between two updates of Prefect's artifact: each is a request of about 20 ms."""


class ImportProgress:
    """Tells how far an import has come, by rows and bytes, to the inbox and to Prefect.

    Args:
        upload: what is imported.
    """

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._counts = upload.counts
        self._position = 0
        self._artifact: UUID | None = None
        self._drawn_at = time.monotonic()
        self._report()

    def add(self, chunk: PreparedChunk, counts: ImportCounts) -> None:
        """Count a written chunk in."""
        self._counts = self._counts + counts
        self._position = chunk.position
        if time.monotonic() - self._reported_at >= _STATUS_SECONDS:
            self._report()
        if time.monotonic() - self._drawn_at >= _ARTIFACT_SECONDS:
            self._draw()

    def close(self) -> None:
        """Show the end."""
        self._position = self._upload.file.stat.size
        self._report()
        self._draw()

    def _report(self) -> None:
        self._reported_at = time.monotonic()
        running_attempt().report(
            self._counts.as_json() | {"bytes": self._position, "total_bytes": self._upload.file.stat.size}
        )

    def _draw(self) -> None:
        self._drawn_at = time.monotonic()
        percent = round(100 * self._position / max(self._upload.file.stat.size, 1), 1)
        description = f"{self._counts.rows:,} rows read, {self._counts.rejected:,} rejected"
        if self._artifact is None:
            artifact = create_progress_artifact(percent, key="csv-import-progress", description=description)
            assert isinstance(artifact, UUID)
            self._artifact = artifact
        else:
            update_progress_artifact(self._artifact, percent, description=description)


@step
def publish_report(record: ImportRecord, summary: ImportSummary) -> str:
    """Show the import's figures as an artifact of the run."""
    markdown = report(record, summary)
    create_markdown_artifact(markdown, key="csv-import", description=f"Import of {record.filename}")
    return markdown


def report(record: ImportRecord, summary: ImportSummary) -> str:
    """The figures of an import as Markdown."""
    lines = [
        f"## Import of `{record.filename}`: {summary.status.replace('_', ' ')}",
        "",
        "| figure | value |",
        "| --- | ---: |",
        *(
            f"| {name} | {value:,} |"
            for name, value in {
                "rows": summary.rows,
                "inserted": summary.inserted,
                "updated": summary.updated,
                "skipped": summary.skipped,
                "duplicates in the file": summary.duplicates,
                "rejected": summary.rejected,
                **{f"rejected: {reason}": rows for reason, rows in summary.reasons.items()},
                "seconds": summary.seconds,
                "rows per second": summary.rows_per_second,
            }.items()
        ),
    ]
    if summary.rejects_path:
        lines += ["", f"Rejected rows, to mend and upload again: `{blob_store().location(summary.rejects_path)}`"]
    return "\n".join(lines)
