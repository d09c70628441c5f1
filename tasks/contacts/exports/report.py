"""What people see of an export: progress while it runs, a table at its end."""

from typing import Any

from prefect.artifacts import create_markdown_artifact

from groundwork.blocks.public_address import console_of_file
from groundwork.blocks.words import counted, printable
from groundwork.events.inbox import running_attempt
from groundwork.tasks.contacts.exports.record import ExportRecord, ExportSummary
from groundwork.tasks.progress import Progress
from groundwork.tasks.step import step


class ExportProgress(Progress):
    """Tells how far an export has come, to the inbox and to Prefect.

    Args:
        expected: about how many rows there will be.
    """

    key = "export-progress"

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._rows, self._bytes = 0, 0
        super().__init__()

    def show(self, rows: int, size: int) -> None:
        """Rows and bytes that are stored by now."""
        self._rows, self._bytes = rows, size
        self._show_if_due()

    def close(self) -> None:
        """Show the end."""
        self._expected = self._rows
        self._show()

    def status(self) -> dict[str, Any]:
        return {"rows": self._rows, "bytes": self._bytes, "expected_rows": self._expected}

    def percent(self) -> float:
        if self._rows == self._expected:
            return 100.0
        # The planner's estimate may be short of the rows.
        return min(round(100 * self._rows / max(self._expected, 1), 1), 99)

    def description(self) -> str:
        return f"{counted(self._rows, 'contact')}, {counted(self._bytes, 'byte')} stored"


@step
def publish_report(record: ExportRecord, summary: ExportSummary) -> str:
    """Show the export's figures as an artifact of the run. Its link opens for operators of the console alone: whoever
    sees the run could use another one."""
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
            "",
            f"[The file]({console_of_file(running_attempt().event_id, running_attempt().job, 'blob_path')}) "
            "(for operators of the console)",
            *(["", *(f"- {printable(each)}" for each in summary.warnings)] if summary.warnings else []),
        ]
    )
