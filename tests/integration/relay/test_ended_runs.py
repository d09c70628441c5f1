"""Runs that end while their delivery is in flight are noticed at once, by one request."""

from uuid import UUID

import pytest
from prefect import get_client
from prefect.states import Cancelled, Cancelling, Completed, Crashed, Failed, Running
from sqlalchemy import text

from groundwork.deployments.relay.ended_runs import redeliver_ended_runs
from groundwork.events.inbox import claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from tests.factories import csv_import_confirmed, delivery_of, register_job


@pytest.fixture
def admitted(db, deployment):
    """A delivery that was admitted just now, and has all its time to be claimed."""
    register_job(db, max_attempts=3)
    event_id = send(csv_import_confirmed())
    admit(capacity=1)
    return delivery_of(db, event_id)


@pytest.fixture
def now(db, admitted):
    """The delivery as it stands now."""
    return lambda: delivery_of(db, admitted.event_id)


def run_for(delivery, deployment: UUID) -> UUID:
    """The run that the automation makes for a delivery."""
    with get_client(sync_client=True) as client:
        return client.create_flow_run_from_deployment(deployment, parameters={"delivery_id": str(delivery.id)}).id


def end(flow_run_id: UUID, state) -> None:
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(flow_run_id, state, force=True)


@pytest.mark.parametrize("state", [Crashed(message="exit code 137"), Failed(message="exit code 137")])
def test_a_run_that_ends_before_it_claims_is_replaced_at_once(admitted, now, deployment, state):
    run = run_for(admitted, deployment)
    end(run, state)
    assert redeliver_ended_runs() == 1
    assert now().state == "queued"
    assert now().last_error == f"Flow run {run} ended before it claimed the delivery: exit code 137."
    assert redeliver_ended_runs() == 0
    [again] = admit(capacity=1)
    assert again.dispatches == 2


def test_the_run_of_an_earlier_dispatch_is_not_held_against_the_next(admitted, now, deployment):
    end(run_for(admitted, deployment), Crashed())
    redeliver_ended_runs()
    admit(capacity=1)
    assert redeliver_ended_runs() == 0
    assert now().state == "admitted"


def test_runs_that_keep_crashing_before_they_claim_make_a_dead_letter(db, admitted, now, deployment):
    for _ in range(3):
        end(run_for(admitted, deployment), Crashed(message="exit code 1"))
        redeliver_ended_runs()
        with db.transaction() as connection:
            connection.execute(text("UPDATE groundwork.delivery SET not_before = clock_timestamp()"))
        admit(capacity=1)
    assert now().state == "failed"
    assert now().last_error.endswith("exit code 1. It was the last of 3 attempts.")


@pytest.mark.parametrize("ending", [Crashed, Failed])
def test_a_run_that_ends_without_settling_is_redelivered_before_its_lease_runs_out(admitted, now, deployment, ending):
    run = run_for(admitted, deployment)
    claim(admitted.id, Run(flow_run_id=run))
    end(run, Running())
    assert redeliver_ended_runs() == 0
    end(run, ending(message="the worker lost its process"))
    assert redeliver_ended_runs() == 1
    assert now().state == "queued"
    assert now().last_error == f"Attempt 1: flow run {run} was interrupted: the worker lost its process."


def test_the_crash_of_a_run_that_lost_its_delivery_changes_nothing(db, admitted, now, deployment):
    old, new = run_for(admitted, deployment), run_for(admitted, deployment)
    claim(admitted.id, Run(flow_run_id=old))
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET lease_expires_at = clock_timestamp()"))
    claim(admitted.id, Run(flow_run_id=new))
    end(old, Crashed())
    assert redeliver_ended_runs() == 0
    assert (now().state, now().flow_run_id) == ("running", new)


@pytest.mark.parametrize(("claimed", "when"), [(False, "before it started"), (True, "while it ran")])
def test_a_run_that_a_person_cancels_cancels_its_delivery(admitted, now, deployment, claimed, when):
    run = run_for(admitted, deployment)
    if claimed:
        claim(admitted.id, Run(flow_run_id=run))
    end(run, Cancelled())
    redeliver_ended_runs()
    assert (now().state, now().last_error) == ("cancelled", f"The run was cancelled {when}.")


def test_a_cancelled_run_that_calls_its_end_a_crash_before_its_worker_speaks_cancels_its_delivery(
    admitted, now, deployment
):
    run = run_for(admitted, deployment)
    claim(admitted.id, Run(flow_run_id=run))
    for state in (Running(), Cancelling(), Crashed(message="Execution was aborted by a termination signal.")):
        end(run, state)
    redeliver_ended_runs()
    assert (now().state, now().last_error) == ("cancelled", "The run was cancelled while it ran.")


def test_a_run_that_completes_is_none_of_its_business(admitted, now, deployment):
    end(run_for(admitted, deployment), Completed())
    assert redeliver_ended_runs() == 0
    assert now().state == "admitted"
