"""A step with ledger=True writes its effect and keeps its result once. With Prefect's real engine."""

import inspect
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, text

from groundwork.blocks.errors import ConfigurationError, NotStorable, StaleAttempt
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import Attempt, after_commit, claim, once, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.flows.job import job
from groundwork.tasks.step import step
from tests.factories import delivery_of, flow_run_id, register_job
from tests.integration.jobs.ledger_steps import PointsEarned, award, close, earn_points, stand

MODES = ("ordinary", "light")

pytestmark = pytest.mark.usefixtures("prefect_api")


@pytest.fixture
def points(db):
    with db.transaction() as connection:
        connection.execute(text("CREATE TABLE points (person text, points integer)"))
    yield
    with db.transaction() as connection:
        connection.execute(text("DROP TABLE points"))


@pytest.fixture
def delivery(db, points, tmp_path):
    register_job(db, "earn-points", "test/points.earned", lane=5)
    event_id = send(PointsEarned(workspace_id=WorkspaceId("acme"), folder=str(tmp_path)))
    admit(capacity=10)
    return delivery_of(db, event_id)


def rows(db, table: str, columns: str) -> list[tuple[Any, ...]]:
    with db.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY 1, 2"))]


def claimed(db, delivery) -> Attempt:
    attempt = claim(delivery.id, Run(flow_run_id=flow_run_id()))
    assert attempt is not None
    return attempt


def lose_lease(db, delivery) -> None:
    with db.transaction() as connection:
        connection.execute(
            text("UPDATE groundwork.delivery SET lease_expires_at = clock_timestamp() WHERE id = :id"),
            {"id": delivery.id},
        )


WRITTEN = [("ann", 5), ("ann", 10), ("closing", 1)]


def test_effects_and_results_are_kept_under_the_steps_name_and_key(db, delivery):
    assert earn_points(delivery_id=delivery.id) == {"points": 15, "kept": ['["ann", 5]']}
    assert rows(db, "points", "person, points") == WRITTEN
    assert [row[:2] for row in rows(db, "groundwork.step_ledger", "step, key")] == [
        ("award", "ann"),
        ("close", ""),
        ("stand", '["ann", 5]'),
    ]


def test_a_try_that_fails_writes_nothing_and_the_next_one_writes_once(db, delivery, tmp_path):
    (tmp_path / "award").write_text("raise")
    assert earn_points(delivery_id=delivery.id)["points"] == 15
    assert rows(db, "points", "person, points") == WRITTEN


def test_a_later_attempt_in_another_process_has_what_was_kept_and_writes_nothing_again(
    db, delivery, tmp_path, prefect_api
):
    (tmp_path / "body").write_text("kill")
    command = [sys.executable, "-m", "tests.integration.jobs.ledger_steps", str(delivery.id)]
    assert subprocess.run(command, env=prefect_api, capture_output=True).returncode == -9
    assert rows(db, "points", "person, points") == WRITTEN
    lose_lease(db, delivery)
    again = subprocess.run(command, env=prefect_api, capture_output=True, text=True, check=True)
    assert again.stdout.split("\n")[-2] == "{'points': 15, 'kept': ['[\"ann\", 5]']}"
    assert rows(db, "points", "person, points") == WRITTEN


def test_rows_that_a_hand_written_once_has_kept_are_found(db, delivery):
    attempt = claimed(db, delivery)
    document = {"person": "ann", "delivery_id": str(delivery.id), "day": "2026-01-02"}
    with once(attempt, "award", key="ann") as entry:
        entry.result = document
    with attempt.as_current():
        kept = award("ann", "nowhere")
    assert json.loads(kept.model_dump_json()) == document
    assert rows(db, "points", "person, points") == []


def test_none_is_kept_too_and_once_sees_that_it_was_written(db, delivery):
    attempt = claimed(db, delivery)
    with attempt.as_current():
        assert close() is None
        assert close() is None
    with once(attempt, "close", key="") as entry:
        assert entry.result is not None
    assert rows(db, "points", "person, points") == [("closing", 1)]


def test_the_effect_of_a_stale_attempt_is_rolled_back(db, delivery):
    old = claimed(db, delivery)
    lose_lease(db, delivery)
    claimed(db, delivery)
    with old.as_current(), pytest.raises(StaleAttempt):
        award.fn("ann", "nowhere")
    assert rows(db, "points", "person, points") == []


@dataclass
class Opaque:
    value: object


@step(ledger=True, retries=0)
def unannotated(connection: Connection, person: str):
    connection.execute(text("INSERT INTO points VALUES (:person, 1)"), {"person": person})
    return Opaque(object()) if person == "object" else float("nan")


@step(ledger=True, retries=0)
def wrongly_annotated(connection: Connection) -> dict[str, int]:
    connection.execute(text("INSERT INTO points VALUES ('wrong', 1)"))
    return ["a list"]  # type: ignore[return-value]


def test_what_a_repeat_could_not_have_back_is_refused_and_its_effect_with_it(db, delivery):
    with claimed(db, delivery).as_current():
        with pytest.raises(ConfigurationError, match=r"step unannotated wrote nothing.*annotate the step"):
            unannotated("object")
        with pytest.raises(NotStorable):
            unannotated("nan")
        with pytest.raises(ConfigurationError, match="step wrongly-annotated: what it returned is not what its return"):
            wrongly_annotated()
    assert rows(db, "points", "person, points") == []


def test_a_step_without_a_connection_is_refused_where_it_is_decorated():
    with pytest.raises(ConfigurationError, match=r"def forgotten\(connection: Connection, …\)"):

        @step(ledger=True)
        def forgotten(person: str) -> None: ...


def test_outside_a_job_a_step_says_that_it_needs_one(points):
    with pytest.raises(ConfigurationError, match="call it from a job"):
        close.fn()


def test_callers_and_prefect_do_not_see_the_connection():
    assert "connection" not in str(stand.fn.__signature__)


def test_editors_find_name_text_and_options_of_the_decorators():
    for decorator, option in ((step, "ledger"), (job, "max_attempts")):
        assert decorator.__name__ in ("step", "job")
        assert option in inspect.signature(decorator).parameters
        assert "Args:" in (inspect.getdoc(decorator) or "")


def test_an_option_that_is_not_there_names_the_one_that_was_meant():
    class Wanted(Event, name="test/ledger-options.wanted"):
        pass

    with pytest.raises(ConfigurationError, match=r"@step\(retires=…\): there is no option 'retires'; .*'retries'"):
        step(retires=2)
    with pytest.raises(ConfigurationError, match=r"@job\(lanes=…\).* did you mean 'lane'"):
        job(on=Wanted, lanes=2)
    with pytest.raises(ConfigurationError, match="@job needs the option 'on'"):
        job(lane=2)
    with pytest.raises(ConfigurationError, match=r"key=\('week',\)"):
        step(key="week")


def test_what_waits_for_a_commit_is_called_after_it_and_only_then(db, delivery):
    attempt = claimed(db, delivery)
    seen: list[int] = []

    def look() -> None:
        seen.append(len(rows(db, "points", "person, points")))

    with once(attempt, "add", key="1") as entry:
        after_commit(entry.connection, look)
        entry.connection.execute(text("INSERT INTO points VALUES ('ann', 1)"))
        entry.result = True
        look()
    assert seen == [0, 1]

    with pytest.raises(ZeroDivisionError), once(attempt, "add", key="2") as entry:
        after_commit(entry.connection, look)
        raise ZeroDivisionError
    assert seen == [0, 1]


def test_only_the_ledgers_connection_can_be_waited_for(db):
    with db.transaction() as connection, pytest.raises(ConfigurationError, match="the ledger step was handed"):
        after_commit(connection, print)
