"""Export of contacts as a real flow run, against psql's \\copy of the same rows."""

import statistics
from collections.abc import Callable, Mapping

from groundwork.deployments.commands.contacts.sample_contacts import write_contacts
from groundwork.events.contacts.columns import STANDARD_COLUMNS
from tests.benchmarks.exporting import Exporting
from tests.benchmarks.running import running_stack
from tests.benchmarks.s3_server import s3_server
from tests.integration.stack.running import RunningStack

DESCRIPTION = (
    "process-export as a real flow run, from its claim to its settlement ÷ psql's \\copy (SELECT …) TO of the same "
    "rows and columns as CSV with a header, over the same socket, in turn; to a folder, to S3 over HTTP (moto's server "
    "and rclone's, each in a process of its own on the same cores), and as Parquet (÷ the same CSV of psql). "
    "all_fields: without naming columns, which makes the job look for custom fields first. fields_…: 20,000 contacts "
    "of so many fields, all named."
)
COLUMNS = (*STANDARD_COLUMNS, "custom.Plan", "custom.Notes")
Samples = dict[str, list[float]]


def run(quick: bool) -> dict[str, float | Samples]:
    """Measure.

    Args:
        quick: 100,000 rows instead of 1,000,000, and no memory figures.

    Returns:
        Ratios of medians (``…_vs_copy_1m``: ours ÷ psql), rows per second, those of contacts with 100 and 899 fields
        too, size of Parquet ÷ size of CSV, CPU seconds of an S3 server per export, peak memory of the run's process in
        MB (to a folder and to S3), and the samples in seconds.
    """
    rows, times = (100_000, 3) if quick else (1_000_000, 5)
    samples: Samples = {}
    costs: dict[str, float] = {}
    with running_stack() as stack:
        contenders = _contacts(stack, rows)
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
            costs["peak_mb_1m"] = contenders.peak_memory()
            costs["peak_mb_5m"] = _contacts(stack, 5_000_000).peak_memory()
        wide = {
            name: figure
            for fields in (100, 899)
            for name, figure in _of_wide_contacts(stack, samples, 5_000 if quick else 20_000, fields).items()
        }
    for name in ("moto", "rclone"):
        with s3_server(name) as server, running_stack(server.variables) as stack:
            contenders = _contacts(stack, rows)
            contenders.csv()
            before = server.cpu_seconds
            _alternate(samples, times, {f"s3_{name}": contenders.csv, f"copy_beside_{name}": contenders.copy})
            costs[f"s3_{name}_server_cpu_seconds"] = (server.cpu_seconds - before) / times
            if not quick:
                costs[f"peak_mb_1m_s3_{name}"] = contenders.peak_memory()
    middle = {name: statistics.median(values) for name, values in samples.items()}
    return {
        "vs_copy_1m": middle["csv"] / middle["copy"],
        "s3_moto_vs_copy_1m": middle["s3_moto"] / middle["copy_beside_moto"],
        "s3_rclone_vs_copy_1m": middle["s3_rclone"] / middle["copy_beside_rclone"],
        "parquet_vs_copy_1m": middle["parquet"] / middle["copy"],
        "all_fields_vs_copy_1m": middle["csv_all_fields"] / middle["copy"],
        "parquet_size_vs_csv": sizes["parquet"] / sizes["csv"],
        "rows_per_second_1m": rows / middle["csv"],
        **wide,
        **costs,
        "samples": samples,
    }


def _contacts(stack: RunningStack, rows: int) -> Exporting:
    return Exporting(stack, f"workspace-of-{rows}", write_contacts(stack.home / f"{rows}.csv", rows), COLUMNS)


def _of_wide_contacts(stack: RunningStack, samples: Samples, rows: int, fields: int) -> dict[str, float]:
    """Rows per second of contacts with so many fields, as multiples of psql too."""
    custom = [f"c{each}" for each in range(fields - 1)]
    file = stack.home / f"{fields}-fields.csv"
    with file.open("w") as target:
        target.write(f"Email,{','.join(custom)}\n")
        for row in range(rows):
            target.write(f"person{row}@example.com,{','.join(f'v{row}-{each}' for each in range(fields - 1))}\n")
    exporting = Exporting(stack, f"with-{fields}-fields", file, ("email", *(f"custom.{each}" for each in custom)))
    names = (f"fields_{fields}", f"copy_fields_{fields}")
    _alternate(samples, 5, dict(zip(names, (exporting.csv, exporting.copy), strict=True)))
    csv, copy = (statistics.median(samples[each]) for each in names)
    return {f"fields_{fields}_rows_per_second": rows / csv, f"fields_{fields}_vs_copy": csv / copy}


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
