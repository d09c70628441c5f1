"""Lanes are shown, paused and set; what has not ended is cancelled. Everything counts at the relay's next look."""

import pytest
from sqlalchemy import text

from groundwork.blocks.errors import ConfigurationError, StaleAttempt, UnknownName
from groundwork.events.inbox import claim, lanes, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.cancellation import cancel
from groundwork.events.inbox.claim import Run
from tests.factories import csv_import_confirmed, delivery_of, flow_run_id, register_job, scalar

MODES = ("ordinary", "light")


@pytest.fixture
def operate(db):
    """Call an operation in a transaction of its own."""

    def call(operation, *arguments, **options):
        with db.transaction() as connection:
            return operation(connection, *arguments, **options)

    return call


def test_each_lane_shows_what_it_holds_and_how_long_the_oldest_waits(db, operate):
    register_job(db, lane=1)
    for n in range(3):
        send(csv_import_confirmed(f"import-{n}"))
    send(csv_import_confirmed(workspace="bolt"))
    admit(capacity=1)
    by_workspace = {each.workspace_id: each for each in operate(lanes.lanes)}
    acme, bolt = by_workspace["acme"], by_workspace["bolt"]
    assert (acme.job, acme.queued, acme.running, acme.limit, acme.paused) == ("process-csv", 2, 1, 1, False)
    assert (bolt.queued, bolt.running) == (1, 0)
    assert 0 <= bolt.oldest_wait_seconds < 60


def test_a_batch_in_flight_is_one_run(db, operate):
    register_job(db, lane=2)
    leader, _ = (send(csv_import_confirmed(f"import-{n}")) for n in range(2))
    admit(capacity=2)
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET batch_id = :id"), {"id": delivery_of(db, leader).id})
    [lane] = operate(lanes.lanes)
    assert lane.running == 1


def test_a_paused_lane_starts_nothing_until_it_is_resumed(db, operate):
    register_job(db)
    operate(lanes.pause, "process-csv", "acme")
    send(csv_import_confirmed())
    other = send(csv_import_confirmed(workspace="bolt"))
    assert [each.event_id for each in admit(capacity=10)] == [other]
    assert [each.paused for each in operate(lanes.lanes)] == [True, False]
    operate(lanes.resume, "process-csv", "acme")
    assert len(admit(capacity=10)) == 1
    assert scalar(db, "SELECT count(*) FROM groundwork.lane_override") == 0


def test_a_paused_job_starts_nothing_in_any_workspace(db, operate):
    register_job(db)
    send(csv_import_confirmed())
    operate(lanes.pause, "process-csv")
    assert admit(capacity=10) == []
    operate(lanes.resume, "process-csv")
    assert len(admit(capacity=10)) == 1


def test_a_wider_lane_counts_at_once_and_can_be_taken_back(db, operate):
    register_job(db, lane=1)
    for n in range(4):
        send(csv_import_confirmed(f"import-{n}"))
    assert len(admit(capacity=10)) == 1
    operate(lanes.set_lane, "process-csv", "acme", limit=3)
    assert len(admit(capacity=10)) == 2
    operate(lanes.set_lane, "process-csv", "acme", weight=2.5)
    [lane] = operate(lanes.lanes)
    assert (lane.limit, lane.weight) == (3, 2.5)
    operate(lanes.unset_lane, "process-csv", "acme")
    [lane] = operate(lanes.lanes)
    assert (lane.limit, lane.weight) == (1, 1)


@pytest.mark.parametrize(
    ("settings", "reason"), [({}, "say what to set"), ({"limit": 0}, "at least 1"), ({"weight": 0.0}, "above 0")]
)
def test_a_lane_that_could_not_run_is_refused_with_the_cure(db, operate, settings, reason):
    register_job(db)
    with pytest.raises(ConfigurationError, match=reason):
        operate(lanes.set_lane, "process-csv", "acme", **settings)


def test_a_misspelt_job_is_answered_with_the_right_one(db, operate):
    register_job(db)
    for operation in (lanes.pause, lanes.resume):
        with pytest.raises(UnknownName, match="did you mean 'process-csv'"):
            operate(operation, "process-cvs")


def test_a_queued_delivery_is_cancelled_and_never_starts(db, operate):
    register_job(db)
    event_id = send(csv_import_confirmed())
    done = operate(cancel, event_id=event_id)
    assert (done.queued, done.running) == (1, 0)
    cancelled = delivery_of(db, event_id)
    assert (cancelled.state, cancelled.last_error, cancelled.run_to_cancel) == (
        "cancelled",
        "Cancelled by an operator.",
        False,
    )
    assert admit(capacity=10) == []


def test_a_running_delivery_loses_its_fence_at_once(db, operate):
    register_job(db)
    event_id = send(csv_import_confirmed())
    [admitted] = admit(capacity=1)
    attempt = claim(admitted.id, Run(flow_run_id=flow_run_id()))
    assert operate(cancel, event_id=event_id).running == 1
    assert delivery_of(db, event_id).run_to_cancel
    with pytest.raises(StaleAttempt):
        attempt.settle("too late")


def test_one_lane_is_emptied_and_what_runs_can_be_left_alone(db, operate):
    register_job(db, lane=1)
    for n in range(3):
        send(csv_import_confirmed(f"import-{n}"))
    other = send(csv_import_confirmed(workspace="bolt"))
    admit(capacity=1)
    done = operate(cancel, job="process-csv", workspace_id="acme", queued_only=True)
    assert (done.queued, done.running) == (2, 0)
    assert delivery_of(db, other).state == "queued"
    assert operate(cancel, workspace_id="acme").running == 1


def test_a_run_that_others_share_is_cancelled_with_all_of_them_or_not_at_all(db, operate):
    register_job(db, lane=2)
    first, second = (send(csv_import_confirmed(f"import-{n}")) for n in range(2))
    admit(capacity=2)
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET batch_id = :id"), {"id": delivery_of(db, first).id})
    done = operate(cancel, event_id=second)
    assert (done.running, done.sharing) == (0, 1)
    assert operate(cancel, job="process-csv").running == 2


def test_what_has_ended_is_not_cancelled(db, operate):
    register_job(db)
    event_id = send(csv_import_confirmed())
    [admitted] = admit(capacity=1)
    claim(admitted.id, Run(flow_run_id=flow_run_id())).settle()
    done = operate(cancel, event_id=event_id)
    assert (done.queued, done.running) == (0, 0)
    assert delivery_of(db, event_id).state == "done"


def test_everything_at_once_is_refused(db, operate):
    with pytest.raises(ConfigurationError, match="say what to cancel"):
        operate(cancel)
