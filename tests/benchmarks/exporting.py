"""Exports of one workspace's contacts as real flow runs, and psql's \\copy of the same rows."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import database
from groundwork.blocks.embedded import programs_folder
from groundwork.deployments.commands.contacts.import_file import start_import
from groundwork.events.contacts.exports import CsvExportConfirmed, ExportFormat
from groundwork.events.contacts.imports import ImportOptions
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import DeliveryStatus
from groundwork.tasks.contacts.exports import query
from groundwork.tasks.contacts.exports.columns import named_columns
from groundwork.tasks.contacts.exports.record import create_export
from tests.benchmarks.running import peak_memory, seconds
from tests.integration.stack.application import Application
from tests.integration.stack.running import RunningStack


class Exporting:
    """The ways to get one workspace's contacts into a file.

    Args:
        workspace: a new one.
        file: its contacts.
        columns: those that are exported.
    """

    def __init__(self, stack: RunningStack, workspace: str, file: Path, columns: Sequence[str]) -> None:
        self._stack, self._columns = stack, tuple(columns)
        self._application = Application(stack, workspace)
        self._import(file)
        with database().connect() as connection:
            connection.autocommit = True
            # Leave no checkpoint or vacuum of the import to the first sample.
            connection.execute("VACUUM ANALYZE app.contact")
            connection.execute("CHECKPOINT")
        event = self._event("0", "csv", self._columns)
        self._select = query.contacts(event.workspace_id, event.filter, named_columns(self._columns), "csv")

    def csv(self) -> float:
        """Seconds that the flow run took."""
        return _seconds(self.export("csv"))

    def parquet(self) -> float:
        return _seconds(self.export("parquet"))

    def csv_of_all_fields(self) -> float:
        return _seconds(self.export("csv", every_field=True))

    def copy(self) -> float:
        """Seconds of psql, its start included."""
        target = self._stack.home / "copy.csv"
        command = f"\\copy ({self._select}) TO '{target}' (FORMAT csv, HEADER)"
        began = time.perf_counter()
        subprocess.run(
            [str(programs_folder() / "psql"), "--no-psqlrc", "--quiet", database().conninfo, "--command", command],
            check=True,
        )
        took = time.perf_counter() - began
        target.unlink()
        return took

    def export(self, file_format: ExportFormat, *, every_field: bool = False) -> DeliveryStatus:
        """One export, whose file is deleted again."""
        columns = None if every_field else self._columns
        delivery = self._application.ended(self._start(file_format, columns), timeout=600)
        assert delivery.state == "done", delivery.last_error
        blob_store().delete(delivery.result["blob_path"])
        return delivery

    def peak_memory(self) -> float:
        """Peak resident memory of the run's process, in MB."""
        return peak_memory(self._application, self._start("csv", self._columns))

    def _start(self, file_format: ExportFormat, columns: tuple[str, ...] | None) -> UUID:
        export_id = str(uuid4())
        with database().transaction() as connection:
            create_export(
                connection,
                export_id=export_id,
                workspace_id=self._application.workspace,
                user_id=self._application.user,
            )
        return self._application.gateway.send(self._event(export_id, file_format, columns))

    def _event(self, export_id: str, file_format: ExportFormat, columns: tuple[str, ...] | None) -> CsvExportConfirmed:
        return CsvExportConfirmed(
            export_id=export_id,
            workspace_id=WorkspaceId(self._application.workspace),
            user_id=UserId(self._application.user),
            format=file_format,
            columns=columns,
        )

    def _import(self, file: Path) -> None:
        application = self._application
        event_id = start_import(
            application.gateway,
            file,
            WorkspaceId(application.workspace),
            UserId(application.user),
            ImportOptions(on_conflict="update"),
        )
        delivery = application.ended(event_id, timeout=600)
        assert delivery.state == "done", delivery.last_error


def _seconds(delivery: DeliveryStatus) -> float:
    return seconds(delivery, "claimedAt", "settledAt")
