"""What may run now: lanes, capacity, order."""

from datetime import UTC, datetime, timedelta

from groundwork.events.inbox import claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.lanes import pause
from tests.factories import csv_import_confirmed, flow_run_id, register_job, send_many, set_lane_apart

MODES = ("ordinary", "light")


def test_a_lane_admits_no_more_than_its_limit(db):
    register_job(db, lane=2)
    send_many(db, "acme", 5)
    assert len(admit(capacity=100)) == 2
    assert admit(capacity=100) == []


def test_each_workspace_has_its_own_lane(db):
    register_job(db, lane=1)
    send_many(db, "acme", 50)
    send_many(db, "bolt", 1)
    send_many(db, "core", 1)
    assert {each.workspace_id for each in admit(capacity=100)} == {"acme", "bolt", "core"}


def test_no_more_is_admitted_than_the_workers_can_hold(db):
    register_job(db, lane=10)
    send_many(db, "acme", 5)
    assert len(admit(capacity=3)) == 3
    assert admit(capacity=3) == []


def test_a_settled_delivery_makes_room_for_the_next_in_order_of_acceptance(db):
    register_job(db, lane=1)
    first = send(csv_import_confirmed("import-1"))
    second = send(csv_import_confirmed("import-2"))
    [running] = admit(capacity=10)
    assert running.event_id == first
    claim(running.id, Run(flow_run_id=flow_run_id())).settle()
    assert [each.event_id for each in admit(capacity=10)] == [second]


def test_a_workspace_can_be_given_a_wider_lane(db):
    register_job(db, lane=1)
    send_many(db, "acme", 5)
    set_lane_apart(db, "acme", limit=4)
    assert len(admit(capacity=100)) == 4


def test_a_paused_job_admits_nothing(db):
    register_job(db)
    with db.transaction() as connection:
        pause(connection, "process-csv")
    send_many(db, "acme", 2)
    assert admit(capacity=100) == []


def test_a_later_start_waits_and_lets_others_pass(db):
    register_job(db)
    send(csv_import_confirmed("later"), occurred_at=datetime.now(UTC) + timedelta(hours=1))
    now = send(csv_import_confirmed("now"))
    assert [each.event_id for each in admit(capacity=10)] == [now]


def test_higher_priority_goes_first_where_workers_are_short(db):
    register_job(db, "process-csv", priority=0)
    register_job(db, "urgent-csv", priority=5)
    send(csv_import_confirmed())
    assert [each.job for each in admit(capacity=1)] == ["urgent-csv"]
