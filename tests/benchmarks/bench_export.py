"""Export of contacts as a real flow run, against psql's \\copy of the same rows."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import boto3

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import database
from groundwork.blocks.embedded import programs_folder
from groundwork.deployments.commands.contacts.import_file import start_import
from groundwork.deployments.commands.contacts.sample_contacts import write_contacts
from groundwork.deployments.up.ports import free_port
from groundwork.events.contacts.columns import STANDARD_COLUMNS
from groundwork.events.contacts.exports import CsvExportConfirmed, ExportFormat
from groundwork.events.contacts.imports import ImportOptions
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import DeliveryStatus
from groundwork.tasks.contacts.exports import query
from groundwork.tasks.contacts.exports.columns import named_columns
from groundwork.tasks.contacts.exports.record import create_export
from tests.benchmarks.running import running_stack, seconds
from tests.integration.stack.application import Application
from tests.integration.stack.running import RunningStack
from tests.waiting import wait_until

DESCRIPTION = (
    "process-export as a real flow run, from its claim to its settlement ÷ psql's \\copy (SELECT …) TO of the same "
    "rows and columns as CSV with a header, over the same socket, in turn; to a folder, to S3 over HTTP (moto's server "
    "in a process of its own), and as Parquet (÷ the same CSV of psql). all_fields: without naming columns, which "
    "makes the job look for custom fields first."
)
COLUMNS = (*STANDARD_COLUMNS, "custom.Plan", "custom.Notes")
Samples = dict[str, list[float]]


def run(quick: bool) -> dict[str, float | Samples]:
    """Measure.

    Args:
        quick: 100,000 rows instead of 1,000,000, and no memory figures.

    Returns:
        Ratios of medians (``…_vs_copy_1m``: ours ÷ psql), rows per second, size of Parquet ÷ size of CSV, peak memory
        of the run's process in MB, and the samples in seconds.
    """
    rows, times = (100_000, 3) if quick else (1_000_000, 5)
    samples: Samples = {}
    memory: dict[str, float] = {}
    with running_stack() as stack:
        contenders = _Contenders(stack, rows)
        sizes = {each: contenders.export(each).result["bytes"] for each in ("csv", "parquet")}
        _alternate(
            samples,
            times,
            {
                "csv": contenders.csv,
                "copy": contenders.copy,
                "parquet": contenders.parquet,
                "csv_all_fields": contenders.csv_of_all_fields,
            },
        )
        if not quick:
            memory["peak_mb_1m"] = contenders.peak_memory()
            memory["peak_mb_5m"] = _Contenders(stack, 5_000_000).peak_memory()
    with _s3_server() as variables, running_stack(variables) as stack:
        contenders = _Contenders(stack, rows)
        contenders.csv()
        _alternate(samples, times, {"s3": contenders.csv, "copy_beside_s3": contenders.copy})
    middle = {name: statistics.median(values) for name, values in samples.items()}
    return {
        "vs_copy_1m": middle["csv"] / middle["copy"],
        "s3_vs_copy_1m": middle["s3"] / middle["copy_beside_s3"],
        "parquet_vs_copy_1m": middle["parquet"] / middle["copy"],
        "all_fields_vs_copy_1m": middle["csv_all_fields"] / middle["copy"],
        "parquet_size_vs_csv": sizes["parquet"] / sizes["csv"],
        "rows_per_second_1m": rows / middle["csv"],
        **memory,
        "samples": samples,
    }


class _Contenders:
    """The ways to get one workspace's contacts into a file."""

    def __init__(self, stack: RunningStack, rows: int) -> None:
        self._stack = stack
        self._application = Application(stack, f"workspace-of-{rows}")
        file = write_contacts(stack.home / f"{rows}.csv", rows)
        self._import(file)
        file.unlink()
        with database().connect() as connection:
            connection.autocommit = True
            # Leave no checkpoint or vacuum of the import to the first sample.
            connection.execute("VACUUM ANALYZE app.contact")
            connection.execute("CHECKPOINT")
        columns = named_columns(COLUMNS)
        self._select = query.contacts(self._application.workspace, self._event("0").filter, columns, "csv")

    def csv(self) -> float:
        """Seconds that the flow run took."""
        return _seconds(self.export("csv"))

    def parquet(self) -> float:
        return _seconds(self.export("parquet"))

    def csv_of_all_fields(self) -> float:
        return _seconds(self.export("csv", columns=None))

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

    def export(self, file_format: ExportFormat, columns: tuple[str, ...] | None = COLUMNS) -> DeliveryStatus:
        """One export, whose file is deleted again."""
        delivery = self._application.ended(self._start(file_format, columns), timeout=600)
        assert delivery.state == "done", delivery.last_error
        blob_store().delete(delivery.result["blob_path"])
        return delivery

    def peak_memory(self) -> float:
        """Peak resident memory of the run's process, in MB: as the kernel counts, pages shared with the zygote too."""
        event_id = self._start("csv", COLUMNS)
        run_id = wait_until(lambda: self._application.delivery(event_id).flow_run_id, 60)
        pid = wait_until(lambda: self._stack.ask_prefect(f"/flow_runs/{run_id}", method="GET")["infrastructure_pid"])
        process = int(str(pid).rpartition(":")[2])
        peak = 0.0
        while not self._application.delivery(event_id).ended:
            peak = max(peak, _high_water_mark(process))
            time.sleep(0.05)
        assert self._application.delivery(event_id).state == "done"
        return peak

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

    def _event(
        self, export_id: str, file_format: ExportFormat = "csv", columns: tuple[str, ...] | None = COLUMNS
    ) -> CsvExportConfirmed:
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


def _high_water_mark(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0.0
    marks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(marks[0]) / 1024 if marks else 0.0


@contextmanager
def _s3_server() -> Iterator[dict[str, str]]:
    """moto's server in a process of its own, with a bucket. The variables that make it the blob store."""
    port = free_port()
    variables = {
        "GROUNDWORK_STORAGE_URL": "s3://benchmark",
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "something",
        "AWS_REGION": "us-east-1",
    }
    before = dict(os.environ)
    os.environ.update(variables)
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        client = boto3.client("s3", region_name="us-east-1", endpoint_url=variables["AWS_ENDPOINT_URL_S3"])
        wait_until(lambda: _answers(client), 30, what="moto's server answers")
        client.create_bucket(Bucket="benchmark")
        yield variables
    finally:
        server.kill()
        server.wait()
        os.environ.clear()
        os.environ.update(before)


def _answers(client: object) -> bool:
    try:
        client.list_buckets()  # type: ignore[attr-defined]
    except Exception:
        return False
    return True


def _alternate(samples: Samples, times: int, contenders: Mapping[str, Callable[[], float]]) -> None:
    """Measure the contenders in turn.

    Args:
        samples: gets the seconds by contender.
        times: samples of each.
        contenders: what to measure, by name.
    """
    for _ in range(times):
        for name, contender in contenders.items():
            samples.setdefault(name, []).append(contender())
