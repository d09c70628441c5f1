"""What one look of the relay asks the database for, and what it reads there."""

import threading

import pytest
from sqlalchemy import event, text

from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.jobs import known_jobs, register_job
from groundwork.events.inbox.queue import what_is_due
from groundwork.flows.flow_control import Debounce, Lane, Singleton
from groundwork.flows.job_options import JobOptions
from groundwork.flows.registry import JobSpec
from tests.factories import delivery_of, scalar
from tests.integration.inbox.readings import (
    count_in_a_quiet_time,
    count_now,
    counted_by_hand,
    look,
    rows_read,
    send_many,
)
from tests.integration.inbox.scored_leads import LeadLost, LeadScored, admitted, register, scored, states, time_passes
from tests.waiting import wait_until


@pytest.fixture
def asked(db):
    """First lines of the statements that were sent since."""
    sent: list[str] = []

    def note(_connection, _cursor, statement, *_) -> None:
        sent.append(statement.splitlines()[0])

    event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine, "before_cursor_execute", note)


def test_where_nothing_is_due_it_asks_three_times(db, asked):
    register(db, debounce=Debounce(seconds=9))
    register(db, name="plain")
    scored()
    asked.clear()
    assert len(admit(10)) == 1
    assert len(asked) == 3


def test_what_has_become_due_is_asked_for_beside(db, asked):
    register(db, expires=5)
    scored()
    time_passes(db, 6)
    asked.clear()
    assert admit(10) == []
    assert len(asked) == 4
    assert states(db) == ["cancelled"]


@pytest.mark.parametrize(
    ("options", "due"),
    [
        ({}, set()),
        ({"lane": Lane(1, key="lead_id")}, {"limits"}),
        ({"singleton": Singleton(mode="skip")}, {"singletons"}),
        ({"singleton": Singleton()}, set()),
        ({"debounce": Debounce(seconds=9)}, set()),
    ],
)
def test_what_jobs_say_tells_what_there_is_to_do(db, options, due):
    register(db, **options)
    scored()
    with db.transaction() as connection:
        found = what_is_due(connection)
    assert {name for name in ("limits", "singletons", "debounced", "starts", "expired") if getattr(found, name)} == due


def test_without_jobs_nothing_is_due(db):
    with db.transaction() as connection:
        assert not what_is_due(connection).limits
    assert admit(10) == []


@pytest.mark.parametrize("asleep_then", [0, 3_000])
@pytest.mark.parametrize("keeps_place", [False, True])
def test_it_reads_nothing_of_what_only_waits_for_its_time(db, keeps_place, asleep_then):
    with db.engine.connect() as connection:
        if not asleep_then and (connection.dialect.server_version_info or ()) < (17,):
            pytest.skip("before PostgreSQL 17 this takes statistics that autovacuum has renewed")
    register(db, lane=5, keeps_place=keeps_place)
    with counted_by_hand(db):
        count_in_a_quiet_time(db, 6_000)  # so many that no index is the longer way
        for _ in range(8):
            admit(10)  # PostgreSQL keeps the plan that it makes now
        fall_asleep(db, 3_000)
        if asleep_then:
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("ANALYZE groundwork.delivery"))
            fall_asleep(db, asleep_then)
        scored(workspace="bolt")
        # Its time has come: it is found among those that wait.
        due = scored(workspace="cork")
        with db.transaction() as connection:
            connection.execute(
                text("UPDATE groundwork.delivery SET state = 'scheduled' WHERE event_id = :due"), {"due": due}
            )
        admitted, read = look(db)
    assert admitted == 2
    assert read < 200


@pytest.mark.parametrize("few_expected", [True, False])
def test_it_reads_no_more_where_thousands_are_queued(db, few_expected):
    register(db, lane=5)
    for name in ("light", "further"):
        spec = JobSpec(name=name, options=JobOptions(on=LeadLost, light=name == "light"), body=register)
        with db.transaction() as connection:
            register_job(connection, spec.registration)
    with counted_by_hand(db):
        if few_expected:
            count_in_a_quiet_time(db, 6_000)
        send_many(db, 6_000)
        if not few_expected:
            count_now(db)
        admitted, read = look(db)
        assert (admitted, read < 500) == (20, True), read
        with db.transaction() as connection:
            before = rows_read(connection)
            assert [each.name for each in known_jobs(connection) if each.waiting] == ["alert-agent"]
            assert rows_read(connection) - before < 100


def fall_asleep(db, number: int) -> None:
    """Deliveries whose jobs have begun and wait until tomorrow."""
    send_many(db, number)
    with db.transaction() as connection:
        connection.execute(
            text(
                "UPDATE groundwork.delivery SET state = 'scheduled', attempt = 1, waiting_for = 'tomorrow',"
                " not_before = clock_timestamp() + interval '1 day' WHERE state = 'queued'"
            )
        )


def test_a_job_that_is_changed_while_it_is_admitted_is_noted_as_in_use_all_the_same(db):
    """The relay waits for the change, and PostgreSQL then joins the changed row anew."""
    register(db, lane=2)
    event_id = scored()
    spec = JobSpec(name="alert-agent", options=JobOptions(on=LeadScored, lane=7), body=register)
    found: list[object] = []
    with db.transaction() as connection:
        register_job(connection, spec.registration)
        relay = threading.Thread(target=lambda: found.extend(admitted()))
        relay.start()
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        wait_until(lambda: scalar(db, waiting), what="the relay waits for the job's row")
    relay.join()
    assert found == [event_id]
    assert delivery_of(db, event_id).state == "admitted"
    assert scalar(db, "SELECT lane_limit FROM groundwork.job WHERE last_admitted_at IS NOT NULL") == 7
