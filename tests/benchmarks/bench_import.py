"""Import of contacts as a real flow run, against the least PostgreSQL can do and against pandas."""

import statistics
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

import pandas as pd
from sqlalchemy import text

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import database
from groundwork.deployments.commands.contacts.sample_contacts import write_contacts
from groundwork.events.contacts.columns import STANDARD_COLUMNS as COLUMNS
from groundwork.tasks.contacts.imports.reading.contacts_file import open_contacts
from tests.benchmarks.running import peak_memory, running_stack, seconds
from tests.integration.stack.application import Application
from tests.integration.stack.running import RunningStack

DESCRIPTION = (
    "process-csv as a real flow run, from its claim to its settlement ÷ COPY plus one INSERT … ON CONFLICT of the same "
    "rows, parsed beforehand, into the same indexed table of the same PostgreSQL, in turn, from the same state; and ÷ "
    "pandas.read_csv + DataFrame.to_sql(method='multi') into a plain table without indexes."
)
Samples = dict[str, list[float]]


def run(quick: bool) -> dict[str, float | Samples]:
    """Measure.

    Args:
        quick: 20,000 and 100,000 rows instead of 100,000 and 1,000,000, and no memory figures.

    Returns:
        Ratios of medians (``vs_…``: ours ÷ floor, pandas ÷ ours), rows per second, peak memory of the run's process in
        MB with 1,000,000 and with 10,000,000 rows, how many times as long the latter take, and the samples in seconds.
    """
    small, large = (20_000, 100_000) if quick else (100_000, 1_000_000)
    times = 3 if quick else 5
    samples: Samples = {}
    with running_stack() as stack:
        few, many = _Contenders(stack, small), _Contenders(stack, large)
        few.ours()
        _alternate(samples, times, {"ours_100k": few.ours, "floor_100k": few.floor, "pandas_100k": few.pandas})
        _alternate(samples, times, {"ours_1m": many.ours, "floor_1m": many.floor})
        growth = {} if quick else _growth(many, _Contenders(stack, 10_000_000), statistics.median(samples["ours_1m"]))
    middle = {name: statistics.median(values) for name, values in samples.items()}
    return {
        "vs_floor_100k": middle["ours_100k"] / middle["floor_100k"],
        "vs_floor_1m": middle["ours_1m"] / middle["floor_1m"],
        "vs_pandas_100k": middle["pandas_100k"] / middle["ours_100k"],
        "rows_per_second_1m": large / middle["ours_1m"],
        **growth,
        "samples": samples,
    }


def _growth(many: "_Contenders", ten_times: "_Contenders", seconds_of_many: float) -> dict[str, float]:
    """Memory and time of ten times the rows, beside those of 1,000,000."""
    peak, _ = many.peak_memory()
    peak_of_ten, took = ten_times.peak_memory()
    return {"peak_mb_1m": peak, "peak_mb_10m": peak_of_ten, "time_10m_vs_1m": took / seconds_of_many}


class _Contenders:
    """The three ways to get one file into PostgreSQL."""

    def __init__(self, stack: RunningStack, rows: int) -> None:
        self._application = Application(stack, "acme")
        self._path = write_contacts(stack.home / f"{rows}.csv", rows)

    @cached_property
    def _parsed(self) -> Path:
        return _parse_beforehand(self._path, self._path.with_suffix(".copy"))

    def ours(self) -> float:
        """Seconds that the flow run took."""
        event_id = self._application.confirm(self._application.upload(self._path))
        delivery = self._application.ended(event_id, timeout=600)
        assert delivery.state == "done", delivery.last_error
        return seconds(delivery, "claimedAt", "settledAt")

    def peak_memory(self) -> tuple[float, float]:
        """Peak resident memory of the run's process, in MB, and the seconds that the run took."""
        _reset()
        event_id = self._application.confirm(self._application.upload(self._path))
        peak = peak_memory(self._application, event_id)
        return peak, seconds(self._application.delivery(event_id), "claimedAt", "settledAt")

    def floor(self) -> float:
        """Seconds of the bare statements."""
        parsed = self._parsed
        began = time.perf_counter()
        with database().connect() as connection:
            connection.execute(_FLOOR_STAGING)
            copying = f"COPY floor_staging ({', '.join(_PARSED)}) FROM STDIN"
            with parsed.open("rb") as file, connection.cursor().copy(copying) as copy:
                while block := file.read(1024 * 1024):
                    copy.write(block)
            connection.execute(_FLOOR_UPSERT)
            connection.execute("DROP TABLE floor_staging")
        return time.perf_counter() - began

    def pandas(self) -> float:
        """Seconds of what a person would write first."""
        began = time.perf_counter()
        frame = pd.read_csv(self._path, dtype=str)
        # 500 rows of 11 columns stay below PostgreSQL's 65,535 parameters per statement.
        with database().transaction() as connection:
            frame.to_sql("plain_contact", connection, if_exists="replace", index=False, method="multi", chunksize=500)
        return time.perf_counter() - began


_PARSED = (*COLUMNS, "custom")
_FLOOR_STAGING = """
    CREATE UNLOGGED TABLE floor_staging (
        email text, first_name text, last_name text, phone text, company text, job_title text, city text, country text,
        tags text[], custom jsonb
    )"""
_FLOOR_UPSERT = """
    INSERT INTO app.contact AS contact (
        workspace_id, email, first_name, last_name, phone, company, job_title, city, country, tags, custom
    )
    SELECT 'acme', email, first_name, last_name, phone, company, job_title, city, country, coalesce(tags, '{}'), custom
    FROM floor_staging
    ON CONFLICT (workspace_id, email) DO UPDATE SET
        first_name = excluded.first_name, last_name = excluded.last_name, phone = excluded.phone,
        company = excluded.company, job_title = excluded.job_title, city = excluded.city, country = excluded.country,
        tags = excluded.tags, custom = excluded.custom, updated_at = now()"""


def _parse_beforehand(path: Path, parsed: Path) -> Path:
    """The rows of a file in COPY's format: what the floor gets for nothing."""
    key = f"benchmark/{path.name}"
    blob_store().upload(path, key)
    with open_contacts(blob_store(), key) as file, parsed.open("wb") as sink:
        for chunk in file.chunks():
            assert chunk.columns == _PARSED
            sink.write(chunk.payload)
    blob_store().delete(key)
    return parsed


def _alternate(samples: Samples, times: int, contenders: Mapping[str, Callable[[], float]]) -> None:
    """Measure the contenders in turn, each time into an empty table.

    Args:
        samples: gets the seconds by contender.
        times: samples of each.
        contenders: what to measure, by name.
    """
    for _ in range(times):
        for name, contender in contenders.items():
            _reset()
            samples.setdefault(name, []).append(contender())


def _reset() -> None:
    with database().transaction() as connection:
        connection.execute(text("TRUNCATE app.contact, app.import_skipped RESTART IDENTITY"))
        connection.execute(text("DROP TABLE IF EXISTS plain_contact"))
    with database().connect() as connection:
        connection.autocommit = True
        # Leave no checkpoint or vacuum of earlier work to the sample that follows.
        connection.execute("VACUUM ANALYZE app.contact")
        connection.execute("CHECKPOINT")
