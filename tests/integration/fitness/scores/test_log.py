"""Members log workouts and benchmarks in the caller's transaction; what is stored is what wants scores."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.fitness.workouts.log import (
    Benchmark,
    Workout,
    delete_benchmark,
    delete_workout,
    log_benchmark,
    log_workout,
)
from tests.factories import scalar
from tests.integration.fitness.gyms import ACME, join, open_gym

NOW = datetime.now(UTC)
AT = NOW - timedelta(days=3)


@pytest.fixture(autouse=True)
def gym(db) -> None:
    open_gym(db, "ada", "ben")


def workout(**fields: Any) -> Workout:
    return Workout(**{"id": "w1", "member_id": "ada", "at": AT, "minutes": 60, "rpe": 5} | fields)


def benchmark(**fields: Any) -> Benchmark:
    usual = {"id": "b1", "member_id": "ada", "at": AT, "exercise": "squat", "weight_kg": 100, "repetitions": 5}
    return Benchmark(**usual | fields)


def log(db, record: Workout | Benchmark) -> None:
    with db.transaction() as connection:
        (log_workout if isinstance(record, Workout) else log_benchmark)(connection, ACME, record)


def wanted(db) -> list[tuple[str, str, str]]:
    """Member, first day and reason of each event, in their order."""
    query = "SELECT data ->> 'memberId', data ->> 'fromDay', data ->> 'because' FROM groundwork.event ORDER BY id"
    with db.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def day(at: datetime = AT) -> str:
    return str(at.date())


def test_a_workout_and_its_event_exist_if_the_transaction_commits_and_only_then(db):
    with pytest.raises(ZeroDivisionError), Session(db.engine) as session, session.begin():
        log_workout(session, ACME, workout())
        raise ZeroDivisionError
    assert wanted(db) == []
    with Session(db.engine) as session, session.begin():
        log_workout(session, ACME, workout())
    assert wanted(db) == [("ada", day(), "workout")]
    assert scalar(db, "SELECT minutes * rpe FROM fitness.workout") == 300


def test_a_repeat_changes_nothing_and_a_correction_counts_from_the_earlier_of_both_days(db):
    log(db, workout())
    log(db, workout())
    log(db, workout(at=AT - timedelta(days=2)))
    log(db, workout(at=AT, rpe=9))
    earlier = day(AT - timedelta(days=2))
    assert wanted(db) == [("ada", day(), "workout"), ("ada", earlier, "workout"), ("ada", earlier, "workout")]
    assert scalar(db, "SELECT count(*) FROM fitness.workout") == 1


def test_a_deleted_workout_wants_scores_from_its_day_on_and_may_be_logged_again(db):
    log(db, workout())
    with db.transaction() as connection:
        assert delete_workout(connection, ACME, "w1")
        assert not delete_workout(connection, ACME, "w1")
        assert not delete_workout(connection, ACME, "nothing")
    log(db, workout(at=AT + timedelta(days=1)))
    assert wanted(db) == [
        ("ada", day(), "workout"),
        ("ada", day(), "deleted"),
        ("ada", day(AT + timedelta(days=1)), "workout"),
    ]


def test_benchmarks_are_logged_and_deleted_likewise(db):
    log(db, benchmark())
    log(db, benchmark())
    with db.transaction() as connection:
        assert delete_benchmark(connection, ACME, "b1")
        assert not delete_benchmark(connection, ACME, "b1")
    assert wanted(db) == [("ada", day(), "benchmark"), ("ada", day(), "deleted")]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [("Pacific/Kiritimati", date(2026, 3, 2)), ("Pacific/Pago_Pago", date(2026, 3, 1)), (None, date(2026, 3, 1))],
)
def test_the_day_is_that_of_the_members_zone(db, zone, expected):
    join(db, "cleo", time_zone=zone)
    log(db, workout(member_id="cleo", at=datetime(2026, 3, 1, 20, tzinfo=UTC)))
    assert scalar(db, "SELECT day FROM fitness.workout") == expected


def test_a_member_who_has_moved_keeps_the_day_of_what_was_logged_before(db):
    log(db, workout(at=datetime(2026, 3, 1, 20, tzinfo=UTC)))
    with db.transaction() as connection:
        connection.execute(text("UPDATE fitness.member SET time_zone = 'Pacific/Kiritimati'"))
    log(db, workout(id="w2", at=datetime(2026, 3, 1, 20, tzinfo=UTC)))
    with db.transaction() as connection:
        days = connection.execute(text("SELECT day FROM fitness.workout ORDER BY id")).scalars().all()
    assert days == [date(2026, 3, 1), date(2026, 3, 2)]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"member_id": "nobody"}, "memberId: there is no member nobody"),
        ({"at": NOW + timedelta(days=1)}, "at: .* is in the future"),
        ({"at": NOW - timedelta(days=3_000)}, "at: .* more than five years ago"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(db, fields, told):
    with pytest.raises(NonRetriable, match=told):
        log(db, workout(**fields))
    assert wanted(db) == []


def test_an_id_that_is_another_members_is_refused(db):
    log(db, workout())
    with pytest.raises(NonRetriable, match="id: workout w1 is another member's"):
        log(db, workout(member_id="ben"))


@pytest.mark.parametrize(
    "fields",
    [
        {"minutes": 0}, {"minutes": 1441}, {"minutes": float("nan")}, {"rpe": 11}, {"rpe": -1}, {"rpe": float("inf")},
        {"at": datetime(2026, 1, 1)}, {"id": ""}, {"kilometres": 5},
    ],
)  # fmt: skip
def test_a_workout_that_cannot_be_is_refused_before_it_is_logged(fields):
    with pytest.raises(ValidationError, match=next(iter(fields))):
        workout(**fields)


@pytest.mark.parametrize(
    "fields", [{"weight_kg": float("nan")}, {"weight_kg": 0}, {"repetitions": 0}, {"exercise": "Squat!"}]
)
def test_a_benchmark_that_cannot_be_is_refused_before_it_is_logged(fields):
    with pytest.raises(ValidationError, match=next(iter(fields))):
        benchmark(**fields)


@pytest.mark.parametrize("column", ["minutes", "rpe"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1"])
def test_the_table_itself_takes_no_such_numbers(db, column, value):
    log(db, workout())
    with pytest.raises(IntegrityError), db.transaction() as connection:
        connection.execute(text(f"UPDATE fitness.workout SET {column} = '{value}'"))
