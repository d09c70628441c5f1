"""Many workouts at once are what one after the other is, with one event per member."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from groundwork.blocks.errors import NonRetriable
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.workouts import history
from groundwork.tasks.fitness.workouts.history import log_workouts
from groundwork.tasks.fitness.workouts.log import Workout, delete_workout, log_workout
from tests.factories import scalar
from tests.integration.fitness.gyms import ACME, join, open_gym
from tests.integration.fitness.scores.test_log import AT, day, wanted, workout


@pytest.fixture(autouse=True)
def gym(db) -> None:
    open_gym(db, "ada", "ben")


def log(db, *workouts: Workout) -> int:
    with db.transaction() as connection:
        return log_workouts(connection, ACME, workouts)


def stored(db, workspace: str = "acme") -> list[tuple]:
    query = "SELECT id, member_id, day, minutes, rpe, deleted FROM fitness.workout WHERE workspace_id = :id ORDER BY id"
    with db.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(query), {"id": workspace})]


def test_a_member_gets_one_event_from_the_earliest_day_on(db):
    earlier = AT - timedelta(days=20)
    assert log(db, workout(id="w1"), workout(id="w2", at=earlier), workout(id="w3", member_id="ben")) == 3
    assert sorted(wanted(db)) == [("ada", day(earlier), "workout"), ("ben", day(), "workout")]


def test_what_is_stored_is_what_one_after_the_other_stores(db):
    open_gym(db, "ada", "ben", workspace="bolt")
    for workspace in ("acme", "bolt"):
        join(db, "cleo", workspace=workspace, time_zone="Pacific/Auckland")
    first = [workout(id="w1"), workout(id="w2", member_id="cleo", rpe=3)]
    then = [workout(id="w1", minutes=30), workout(id="w2", member_id="cleo", rpe=3), workout(id="w3", member_id="ben")]
    for batch in (first, then):
        log(db, *batch)
        with db.transaction() as connection:
            for each in batch:
                log_workout(connection, WorkspaceId("bolt"), each)
    assert stored(db) == stored(db, "bolt") != []


def test_a_repeat_changes_nothing_and_sends_nothing(db):
    log(db, workout(id="w1"), workout(id="w2"))
    before = wanted(db)
    assert log(db, workout(id="w1"), workout(id="w2")) == 0
    assert wanted(db) == before


def test_a_correction_counts_from_the_earlier_of_both_days_on(db):
    log(db, workout(id="w1", at=AT - timedelta(days=5)))
    assert log(db, workout(id="w1"), workout(id="w2")) == 2
    assert wanted(db)[-1] == ("ada", day(AT - timedelta(days=5)), "workout")


def test_a_deleted_one_comes_back(db):
    log(db, workout(id="w1"))
    with db.transaction() as connection:
        delete_workout(connection, ACME, "w1")
    assert log(db, workout(id="w1")) == 1
    assert [row[-1] for row in stored(db)] == [False]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (workout(id="w2", member_id="nobody"), "there is no member nobody"),
        (workout(id="w1"), "two of the workouts have one id"),
        (workout(id="taken"), "workout taken is another member's"),
        (workout(id="w2", at=AT + timedelta(days=9)), "in the future"),
    ],
)
def test_one_that_cannot_be_leaves_nothing_of_the_others(db, wrong, words):
    log(db, workout(id="taken", member_id="ben"))
    with pytest.raises(NonRetriable, match=words):
        log(db, workout(id="w1"), wrong)
    assert scalar(db, "SELECT count(*) FROM fitness.workout") == 1


def test_no_more_than_a_statement_should_hold(db, monkeypatch):
    monkeypatch.setattr(history, "MOST_WORKOUTS", 1)
    with pytest.raises(NonRetriable, match="log 1 in one call at most"):
        log(db, workout(id="w1"), workout(id="w2"))


def test_none_is_nothing(db):
    assert log(db) == 0
    assert wanted(db) == []
