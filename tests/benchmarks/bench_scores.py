"""Scores of all members of a workspace, against a plain loop over members and days."""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.members.key_range import key_ranges
from groundwork.tasks.fitness.risks.detect import detect
from groundwork.tasks.fitness.risks.thresholds import Threshold, set_threshold
from groundwork.tasks.fitness.scores.recompute import recompute, recompute_range
from groundwork.tasks.fitness.settings import fitness_settings
from tests.benchmarks.inbox_only import inbox_only
from tests.unit.fitness.row_by_row import scores_of

DESCRIPTION = (
    "all scores of a workspace of 10,000 members over 90 days from nothing, read, calculated and stored, in ranges of "
    "members as score-night does it; a night that finds nothing to change; one workout of each of 500 members, logged "
    "45 days late; the check of all risks. Against a loop over members and days in plain Python that reads and "
    "calculates the same and stores it by executemany, in one transaction. What both have stored is compared: none "
    "may differ by more than a billionth."
)
_DAYS = 90
_TODAY = date(2026, 6, 1)
_NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
_WORKSPACE = WorkspaceId("gym")
_FIGURES = ("number", "load", "acute", "chronic", "ratio", "week_load", "usual_week_load", "monotony", "strain")


def run(quick: bool) -> dict[str, Any]:
    """Seconds; medians of three, the loop and ours in turn. Quick: 500 members, and one of each."""
    members, times = (500, 1) if quick else (10_000, 3)
    samples: dict[str, list[float]] = {}
    with inbox_only() as db:
        _fill(db, members)
        for _ in range(times):
            _empty(db)
            _measure(samples, "loop", lambda: _loop(db, samples))
            _measure(samples, "night_from_nothing", lambda: _night(db, days=3_000))
        different = _different(db)
        for number in range(times):
            _measure(samples, "night_without_change", lambda: _night(db, fitness_settings().score_recompute_days))
            from_days = _log_late(db, number)
            _measure(samples, "late_workouts", partial(_recompute, db, from_days))
            _measure(samples, "check_of_risks", lambda: _check(db))
    middle = {f"{name}_seconds": statistics.median(values) for name, values in samples.items()}
    return {
        **middle,
        "vs_loop": middle["night_from_nothing_seconds"] / middle["loop_seconds"],
        "scores": members * _DAYS,
        "different": different,
        "samples": samples,
    }


def _measure(samples: dict[str, list[float]], name: str, what: Callable[[], object]) -> None:
    began = time.perf_counter()
    what()
    samples.setdefault(name, []).append(time.perf_counter() - began)


def _fill(db: Database, members: int) -> None:
    """Members who train on four days of seven in the mean, each from the first day on."""
    statements = (
        "SELECT setseed(0.5)",
        "INSERT INTO fitness.gym (workspace_id, name, owner_id) VALUES ('gym', 'Gym', 'olga')",
        """
        INSERT INTO fitness.member (workspace_id, id, name, joined_on)
        SELECT 'gym', 'member-' || n, 'M' || n, '2026-01-01' FROM generate_series(1, :members) AS n
        """,
        """
        INSERT INTO fitness.workout (workspace_id, id, member_id, day, minutes, rpe)
        SELECT 'gym', n || '-' || ago, 'member-' || n, :today - ago, 20 + floor(random() * 70), 2 + floor(random() * 8)
        FROM generate_series(1, :members) AS n, generate_series(1, :days) AS ago
        WHERE ago = :days OR random() < 4.0 / 7
        """,
        "CREATE TABLE fitness.by_loop (LIKE fitness.score INCLUDING ALL)",
    )
    with db.transaction() as connection:
        for each in statements:
            connection.execute(text(each), {"today": _TODAY, "members": members, "days": _DAYS})
        set_threshold(connection, _WORKSPACE, Threshold("load-spike", 1.5, 1.3, 7))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE fitness.workout, fitness.member"))
        connection.execute(text("CHECKPOINT"))


def _empty(db: Database) -> None:
    with db.transaction() as connection:
        connection.execute(text("TRUNCATE fitness.score, fitness.by_loop"))


def _night(db: Database, days: int) -> None:
    with db.transaction() as connection:
        ranges = key_ranges(connection, _WORKSPACE, fitness_settings().score_chunk_members)
    for members in ranges:
        with db.transaction() as connection:
            recompute_range(connection, _WORKSPACE, members, days=days, now=_NOW)


def _check(db: Database) -> None:
    with db.transaction() as connection:
        ranges = key_ranges(connection, _WORKSPACE, fitness_settings().score_chunk_members)
    for members in ranges:
        with db.transaction() as connection:
            detect(connection, _WORKSPACE, members, _NOW)


def _recompute(db: Database, from_days: dict[str, date]) -> None:
    with db.transaction() as connection:
        recompute(connection, _WORKSPACE, from_days, _NOW)


def _log_late(db: Database, number: int) -> dict[str, date]:
    """One more workout of each of the first 500 members; from which days their scores change."""
    query = """
        INSERT INTO fitness.workout (workspace_id, id, member_id, day, minutes, rpe)
        SELECT 'gym', 'late-' || :number || '-' || id, id, :today - 45, 60, 7 FROM fitness.member ORDER BY id LIMIT 500
        RETURNING member_id, day
    """
    with db.transaction() as connection:
        rows = connection.execute(text(query), {"number": number, "today": _TODAY}).all()
    return {row.member_id: row.day for row in rows}


def _loop(db: Database, samples: dict[str, list[float]]) -> None:
    """The same, row by row."""
    read = (
        "SELECT member_id, day, sum(minutes * rpe) FROM fitness.workout"
        " WHERE workspace_id = 'gym' AND NOT deleted GROUP BY 1, 2"
    )
    names = ", ".join(_FIGURES)
    write = (
        f"INSERT INTO fitness.by_loop (workspace_id, member_id, day, {names})"
        f" VALUES ('gym', %(member_id)s, %(day)s, {', '.join(f'%({name})s' for name in _FIGURES)})"
    )
    with db.connect() as connection, connection.cursor() as cursor:
        began = time.perf_counter()
        loads: dict[str, dict[date, float]] = {}
        for member, day, load in cursor.execute(read):
            loads.setdefault(str(member), {})[day] = float(load)  # type: ignore[arg-type,index]
        samples.setdefault("loop_reading", []).append(time.perf_counter() - began)
        began = time.perf_counter()
        last = _TODAY - timedelta(days=1)
        rows = [score | {"member_id": member} for member, own in loads.items() for score in scores_of(own, last)]
        samples.setdefault("loop_calculating", []).append(time.perf_counter() - began)
        cursor.executemany(write, rows)


def _different(db: Database) -> int:
    """Scores that only one of both has, or whose figures differ."""
    same = " AND ".join(
        f"(a.{name} IS NOT DISTINCT FROM b.{name} OR abs(a.{name} - b.{name}) <= 1e-9 * greatest(1, abs(a.{name})))"
        for name in _FIGURES
    )
    query = (
        "SELECT count(*) FROM fitness.score AS a FULL JOIN fitness.by_loop AS b USING (workspace_id, member_id, day)"
        f" WHERE a.number IS NULL OR b.number IS NULL OR NOT coalesce({same}, false)"
    )
    with db.transaction() as connection:
        return int(connection.execute(text(query)).scalar_one())
