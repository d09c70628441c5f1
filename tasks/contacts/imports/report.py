"""What people see of an import: progress while it runs, a table at its end."""

import re
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from prefect.artifacts import create_markdown_artifact

from groundwork.blocks.public_address import console_of_file
from groundwork.blocks.words import counted
from groundwork.events.inbox import running_attempt
from groundwork.tasks.contacts.imports.counts import ImportCounts
from groundwork.tasks.contacts.imports.preview import guesses
from groundwork.tasks.contacts.imports.reading.contacts_file import ContactsFile
from groundwork.tasks.contacts.imports.record import ImportRecord, ImportSummary
from groundwork.tasks.contacts.imports.rows.prepare import PreparedChunk
from groundwork.tasks.contacts.imports.steps import Upload
from groundwork.tasks.picture import bars, line, thinned
from groundwork.tasks.progress import Progress
from groundwork.tasks.step import step


class ImportProgress(Progress):
    """Tells how far an import has come, by rows and bytes, to the inbox and to Prefect.

    Args:
        upload: what is imported.
    """

    key = "csv-import-progress"

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._counts = upload.counts
        self._position = 0
        self._began = time.monotonic()
        self._rows: list[tuple[float, int]] = [(0.0, self._counts.rows)]
        super().__init__()

    def add(self, chunk: PreparedChunk, counts: ImportCounts) -> None:
        """Count a written chunk in."""
        self._counts = self._counts + counts
        self._position = chunk.position
        self._rows.append((time.monotonic() - self._began, self._counts.rows))
        self._show_if_due()

    @property
    def speed(self) -> list[tuple[float, float]]:
        """Rows per second over the seconds of this run, for a picture: of a run after a crash, its own part."""
        points = thinned(self._rows)
        return [
            (round(second, 2), round((rows - before) / max(second - earlier, 0.001)))
            for (earlier, before), (second, rows) in pairwise(points)
        ]

    def close(self) -> None:
        """Show the end."""
        self._position = self._upload.file.stat.size
        self._show()

    def status(self) -> dict[str, Any]:
        return self._counts.as_json() | {"bytes": self._position, "total_bytes": self._upload.file.stat.size}

    def percent(self) -> float:
        return round(100 * self._position / max(self._upload.file.stat.size, 1), 1)

    def description(self) -> str:
        return f"{counted(self._counts.rows, 'row')} read, {self._counts.rejected:,} rejected"


def how_read(file: ContactsFile) -> dict[str, Any]:
    """What was chosen or guessed of the file, for the report."""
    return guesses(file.encoding, file.dialect, file.layout)


@step
def publish_report(
    record: ImportRecord,
    summary: ImportSummary,
    reading: dict[str, Any] | None = None,
    speed: Sequence[tuple[float, float]] = (),
) -> str:
    """Show the import's figures, how its file was read, and how fast it went, as an artifact of the run.

    Args:
        speed: rows per second over the seconds of this run.
    """
    markdown = report(record, summary) + (_reading(reading) if reading else "")
    markdown += _pictures(summary, speed)
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
        link = console_of_file(running_attempt().event_id, running_attempt().job, "rejects_path")
        lines += ["", f"[Rejected rows, to mend and upload again]({link}) (for operators of the console)"]
    return "\n".join(lines)


def _pictures(summary: ImportSummary, speed: Sequence[tuple[float, float]]) -> str:
    drawn = (line("Rows per second", speed, unit="rows/s"), bars("Rejected rows by reason", summary.reasons))
    return "".join(f"\n\n{each}" for each in drawn if each)


def _reading(reading: dict[str, Any]) -> str:
    """How the file was read, as Markdown. Headers are a stranger's text."""
    lines = [
        "",
        "",
        f"Read as {reading['encoding']} (confidence {reading['encoding_confidence']:.2f}), delimiter "
        f"`{_shown(reading['delimiter'])}`, header in line {reading['header_line']}.",
        "",
        "| column | field |",
        "| --- | --- |",
        *(f"| {_shown(header)} | {_shown(field)} |" for header, field in reading["columns"].items()),
    ]
    if reading["warnings"]:
        lines += ["", *(f"- {_shown(each)}" for each in reading["warnings"])]
    return "\n".join(lines)


def _shown(text: str) -> str:
    printable = "".join(each if each.isprintable() else " " for each in text[:200])
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", printable).strip() or "tab"
