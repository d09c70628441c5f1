"""The sweeper against a real Prefect API: who gets another run, who waits, and who is given up."""

from datetime import UTC, datetime

from prefect import get_client
from prefect.states import Cancelled, Pending
from sqlalchemy import text

from groundwork.deployments.relay import sweeper
from groundwork.deployments.relay.prefect_api import prefect_event
from groundwork.deployments.relay.sweeper import sweep
from groundwork.events.inbox import claim, send
from groundwork.events.inbox.admission import Admitted, admit, note_posted
from groundwork.events.inbox.claim import Run
from tests.factories import csv_import_confirmed, delivery_of, flow_run_id, scalar
from tests.integration.relay.conftest import expire, run_of


def test_a_delivery_that_nobody_claimed_gets_one_run_of_its_own(admitted, now):
    assert sweep() == 1
    run = run_of(now())
    assert run.parameters == {"delivery_id": str(admitted.id)}
    assert run.idempotency_key == f"{admitted.id}:2"
    assert (now().state, now().dispatches) == ("admitted", 2)
    assert sweep() == 0


def test_a_run_that_waits_for_a_worker_is_waited_for(db, now):
    sweep()
    run = now().flow_run_id
    for _ in range(5):
        expire(db)
        sweep()
    assert (now().state, now().dispatches, now().flow_run_id) == ("admitted", 2, run)
    assert now().lease_expires_at > datetime.now(UTC)


def set_state(delivery, state) -> None:
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(delivery.flow_run_id, state, force=True)


def test_a_run_that_stays_pending_was_taken_by_a_worker_that_died(db, now, monkeypatch):
    sweep()
    first = now().flow_run_id
    set_state(now(), Pending())
    expire(db)
    sweep()
    assert now().flow_run_id == first

    monkeypatch.setattr(sweeper, "pending_seconds", lambda _: 0.0)
    expire(db)
    sweep()
    assert now().flow_run_id != first
    assert now().dispatches == 3


def test_a_run_cancelled_before_it_started_cancels_the_delivery(db, now):
    sweep()
    set_state(now(), Cancelled())
    expire(db)
    sweep()
    assert (now().state, now().last_error) == ("cancelled", "The run was cancelled before it started.")
    assert now().settled_at is not None


def test_a_delivery_that_no_run_ever_claims_is_a_dead_letter(db, admitted, now):
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET dispatches = 3"))
    sweep()
    assert (now().state, now().last_error) == ("failed", "3 runs were asked for that did not claim the delivery.")


def test_runs_of_attempts_that_claimed_do_not_count_as_unclaimed(db, admitted, now):
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET dispatches = 4, attempt = 2"))
    sweep()
    assert (now().state, now().dispatches) == ("admitted", 5)


def test_the_automations_own_run_is_found_while_it_waits_for_a_worker(admitted, now, deployment):
    with get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(deployment, parameters={"delivery_id": str(admitted.id)})
    sweep()
    assert (now().flow_run_id, now().dispatches) == (run.id, 1)
    assert now().lease_expires_at > datetime.now(UTC)


def test_an_attempt_that_let_its_lease_run_out_is_queued_again_at_once_and_later_with_growing_pauses(db, admitted, now):
    pauses = []
    for state in ("queued", "scheduled"):
        claim(admitted.id, Run(flow_run_id=flow_run_id()))
        expire(db)
        sweep()
        assert now().state == state
        assert "stopped renewing its lease" in now().last_error
        pauses.append(
            round(
                float(scalar(db, "SELECT extract(epoch FROM not_before - clock_timestamp()) FROM groundwork.delivery"))
            )
        )
        with db.transaction() as connection:
            connection.execute(text("UPDATE groundwork.delivery SET not_before = clock_timestamp()"))
        admit(capacity=1)
    assert pauses == [0, 2]

    claim(admitted.id, Run(flow_run_id=flow_run_id()))
    expire(db)
    sweep()
    assert now().state == "failed"
    assert now().last_error.endswith("It was the last of 3 attempts.")


def test_one_delivery_that_cannot_be_looked_after_keeps_no_other_waiting(db, admitted, now):
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.event SET name = 'import/csv.forgotten'"))
        connection.execute(text("UPDATE groundwork.delivery SET dispatches = 3"))
    other = send(csv_import_confirmed("import-2", "globex"))
    admit(capacity=2)
    expire(db)
    assert sweep() == 2
    assert now().state == "failed"
    assert delivery_of(db, other).flow_run_id is not None


def test_the_time_to_be_claimed_begins_when_prefect_has_the_event(db, admitted, now):
    note_posted(
        [
            Admitted(
                admitted.id, admitted.job, "acme", 1, admitted.event_id, "import/csv.confirmed", None, admitted.event_id
            )
        ],
    )
    assert now().posted_at is not None
    assert sweep() == 0
    assert now().dispatches == 1


def test_posting_again_after_a_lost_answer_is_the_same_prefect_event():
    event_id = flow_run_id()
    delivery = Admitted(flow_run_id(), "process-csv", "acme", 1, event_id, "import/csv.confirmed", None, event_id)
    assert prefect_event(delivery)["id"] == prefect_event(delivery)["id"]


def test_a_delivery_of_an_ordered_job_waits_in_the_queue_at_its_old_place(db, admitted, now):
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.job SET ordered = true"))
        connection.execute(text("UPDATE groundwork.delivery SET attempt = 1"))
    claim(admitted.id, Run(flow_run_id=flow_run_id()))
    expire(db)
    sweep()
    assert (now().state, now().sequence) == ("queued", admitted.sequence)
    assert now().not_before > datetime.now(UTC)


def in_one_batch(db, first, second) -> None:
    """Let a second delivery share the run of the first, as the relay admits batches."""
    with db.transaction() as connection:
        connection.execute(
            text(
                "UPDATE groundwork.delivery SET batch_id = :first, state = 'admitted',"
                " lease_expires_at = CASE WHEN id = :first THEN lease_expires_at END"
                " WHERE id IN (:first, :second)"
            ),
            {"first": first, "second": second},
        )


def test_a_batch_whose_run_died_is_queued_again_as_a_whole(db, admitted):
    second = send(csv_import_confirmed("import-2"))
    in_one_batch(db, admitted.id, delivery_of(db, second).id)
    assert len(claim(admitted.id, Run(flow_run_id=flow_run_id())).members) == 2
    expire(db)
    assert sweep() == 1
    for event_id in (admitted.event_id, second):
        delivery = delivery_of(db, event_id)
        assert (delivery.state, delivery.batch_id) == ("queued", admitted.id)
        assert "stopped renewing its lease" in delivery.last_error


def test_a_batch_that_no_run_can_end_is_dead_as_a_whole(db, admitted):
    second = send(csv_import_confirmed("import-2"))
    in_one_batch(db, admitted.id, delivery_of(db, second).id)
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET dispatches = 3"))
    sweep()
    assert [delivery_of(db, each).state for each in (admitted.event_id, second)] == ["failed", "failed"]
