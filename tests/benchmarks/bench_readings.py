"""Import of a day's file of readings as a real flow run, against the least PostgreSQL can do."""

import statistics
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import text

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import database
from groundwork.events.fitness.sync import ReadingsFileUploaded
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.files.prepare import Context, prepare
from groundwork.tasks.fitness.files.source import csv_chunks
from groundwork.tasks.fitness.readings.metrics import METRICS
from tests.benchmarks.running import running_stack, seconds
from tests.integration.stack.application import Application
from tests.integration.stack.running import RunningStack

DESCRIPTION = (
    "import-readings as a real flow run, from its claim to its settlement ÷ COPY plus one INSERT … ON CONFLICT of the "
    "same rows, parsed beforehand, into the same indexed table of the same PostgreSQL, in turn, from an empty table."
)
Samples = dict[str, list[float]]
_MEMBERS = 10_000
_COLUMNS = ("member_id", "source", "metric", "external_id", "day", "value", "measured_us", "updated_us", "deleted")
_FLOOR_STAGING = """
    CREATE UNLOGGED TABLE floor_staging (
        member_id text, source text, metric text, external_id text, day integer, value double precision,
        measured_us bigint, updated_us bigint, deleted boolean
    )"""
_FLOOR_UPSERT = """
    INSERT INTO fitness.reading AS reading (
        workspace_id, member_id, source, metric, external_id, day, value, measured_at, updated_at, deleted
    )
    SELECT 'acme', member_id, source, metric, external_id, date '1970-01-01' + day, value,
           timestamptz 'epoch' + measured_us * interval '1 microsecond',
           timestamptz 'epoch' + updated_us * interval '1 microsecond', deleted
    FROM floor_staging
    ON CONFLICT (workspace_id, member_id, source, metric, external_id) DO UPDATE SET
        day = excluded.day, value = excluded.value, measured_at = excluded.measured_at,
        updated_at = excluded.updated_at, deleted = excluded.deleted"""


def run(quick: bool) -> dict[str, float | Samples]:
    """Measure.

    Args:
        quick: 100,000 rows instead of 1,000,000, and fewer samples.

    Returns:
        ``vs_floor`` (ratio of medians: ours ÷ floor), rows per second, and the samples in seconds.
    """
    rows, times = (100_000, 3) if quick else (1_000_000, 5)
    samples: Samples = {}
    with running_stack() as stack:
        contenders = _Contenders(stack, rows)
        contenders.ours()
        _alternate(samples, times, {"ours": contenders.ours, "floor": contenders.floor})
    middle = {name: statistics.median(values) for name, values in samples.items()}
    return {
        "vs_floor": middle["ours"] / middle["floor"],
        "rows_per_second": rows / middle["ours"],
        "rows": float(rows),
        "samples": samples,
    }


class _Contenders:
    """The two ways to get one file into PostgreSQL."""

    def __init__(self, stack: RunningStack, rows: int) -> None:
        self._application = Application(stack, "acme")
        _make_gym()
        path = _write_readings(stack.home / f"{rows}.csv", rows)
        self._key = "workspaces/acme/benchmark.csv"
        blob_store().upload(path, self._key)
        self._parsed = _parse_beforehand(path, stack.home / f"{rows}.copy")
        self._rows = rows

    def ours(self) -> float:
        """Seconds that the flow run took."""
        event = ReadingsFileUploaded(workspace_id=WorkspaceId("acme"), blob=self._key, format="csv")
        delivery = self._application.ended(self._application.gateway.send(event), timeout=600)
        assert delivery.state == "done", delivery.last_error
        assert delivery.result is not None
        assert delivery.result["changed"] == self._rows, delivery.result
        return seconds(delivery, "claimedAt", "settledAt")

    def floor(self) -> float:
        """Seconds of the bare statements."""
        began = time.perf_counter()
        with database().connect() as connection:
            connection.execute(_FLOOR_STAGING)
            copying = f"COPY floor_staging ({', '.join(_COLUMNS)}) FROM STDIN"
            with self._parsed.open("rb") as file, connection.cursor().copy(copying) as copy:
                while block := file.read(1024 * 1024):
                    copy.write(block)
            connection.execute(_FLOOR_UPSERT)
            connection.execute("DROP TABLE floor_staging")
        return time.perf_counter() - began


def _make_gym() -> None:
    gym = "INSERT INTO fitness.gym (workspace_id, name, owner_id) VALUES ('acme', 'Gym', 'owner')"
    members = (
        "INSERT INTO fitness.member (workspace_id, id, name, joined_on)"
        " SELECT 'acme', 'member-' || number, 'Ada', now() FROM generate_series(0, :last) AS number"
    )
    with database().transaction() as connection:
        connection.execute(text(gym))
        connection.execute(text(members), {"last": _MEMBERS - 1})


def _write_readings(path: Path, rows: int) -> Path:
    """A day of all members, hour by hour: metrics take turns, and each row is another reading."""
    number = np.arange(rows)
    member, turn = number % _MEMBERS, number // _MEMBERS
    metrics = np.array(["hrv_rmssd", "resting_heart_rate", "respiratory_rate", "spo2", "steps"])
    values = np.random.default_rng(7).uniform(55, 59, rows).round(2)
    minutes = turn * 7 % 1440
    when = [f"2026-11-20T{each // 60:02}:{each % 60:02}:00+01:00" for each in range(1440)]
    times = pa.array(when).take(pa.array(minutes))
    table = pa.table({
        "member_id": [f"member-{each}" for each in member],
        "source": pa.repeat(pa.scalar("watch"), rows),
        "metric": pa.array(metrics[turn % len(metrics)]),
        "value": values,
        "measured_at": times,
        "external_id": [f"r-{each}" for each in number],
        "updated_at": times,
    })  # fmt: skip
    pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="needed"))
    assert set(metrics) <= set(METRICS)
    return path


def _parse_beforehand(path: Path, parsed: Path) -> Path:
    """The rows of a file in COPY's format: what the floor gets for nothing."""
    ids = pa.array([f"member-{each}" for each in range(_MEMBERS)])
    now = datetime.now(UTC)
    context = Context(ids, np.zeros(_MEMBERS, np.int64), ["UTC"], now, now)
    with path.open("rb") as stream, parsed.open("wb") as sink:
        for chunk in csv_chunks(stream, 100_000):
            prepared: Any = prepare(chunk, context)
            assert not prepared.reasons, prepared.reasons
            sink.write(prepared.payload)
    return parsed


def _alternate(samples: Samples, times: int, contenders: Mapping[str, Callable[[], float]]) -> None:
    """Measure the contenders in turn, each time into an empty table."""
    for _ in range(times):
        for name, contender in contenders.items():
            _reset()
            samples.setdefault(name, []).append(contender())


def _reset() -> None:
    with database().transaction() as connection:
        connection.execute(text("TRUNCATE fitness.reading"))
    with database().connect() as connection:
        connection.autocommit = True
        # Leave no checkpoint or vacuum of earlier work to the sample that follows.
        connection.execute("VACUUM ANALYZE fitness.reading")
        connection.execute("CHECKPOINT")
