"""A flow run that is deleted while it runs takes its delivery with it; one that has not begun is asked for anew."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from prefect import get_client
from prefect.states import Running

from groundwork.deployments.relay.deleted_runs import cancel_deleted_runs
from groundwork.deployments.relay.prefect_api import deleted_runs
from groundwork.deployments.relay.sweeper import sweep
from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.events.inbox import claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.flows.job import job
from tests.factories import csv_import_confirmed, delivery_of, flow_run_id, register_job
from tests.integration.relay.conftest import expire
from tests.waiting import wait_until

_told: list[str] = []


@job(on=CsvImportConfirmed, on_failure=lambda event, error: _told.append(str(error)))
def deleted_job(event):
    return None


@pytest.fixture
def run(deployment: UUID) -> UUID:
    """A flow run of which Prefect remembers what happened to it."""
    with get_client(sync_client=True) as client:
        run_id = client.create_flow_run_from_deployment(deployment).id
        client.set_flow_run_state(run_id, Running(), force=True)
    return run_id


@pytest.fixture
def claimed(db, run) -> Callable[[], Any]:
    """A delivery that the run works on, as it stands now."""
    _told.clear()
    register_job(db, "deleted-job", max_attempts=3)
    event_id = send(csv_import_confirmed())
    [admitted] = admit(capacity=1)
    claim(admitted.id, Run(flow_run_id=run))
    return lambda: delivery_of(db, event_id)


def delete(run: UUID) -> None:
    """Delete it, and wait for what Prefect writes of it, which it does in batches."""
    with get_client(sync_client=True) as client:
        client.delete_flow_run(run)
    wait_until(lambda: deleted_runs([run]), what="Prefect to have written the run's events")


def test_a_run_that_is_deleted_while_it_runs_cancels_its_delivery_and_its_job_tidies_up(claimed, run):
    assert cancel_deleted_runs() == 0
    assert claimed().state == "running"
    delete(run)
    assert cancel_deleted_runs() == 1
    reason = f"Flow run {run} was deleted while it ran."
    assert (claimed().state, claimed().last_error) == ("cancelled", reason)
    assert _told == [reason]
    assert cancel_deleted_runs() == 0


def test_a_deleted_run_whose_lease_ran_out_first_is_not_run_again(db, claimed, run):
    delete(run)
    expire(db)
    sweep()
    assert (claimed().state, claimed().last_error) == ("cancelled", f"Flow run {run} was deleted while it ran.")


def test_a_run_that_prefect_has_never_known_is_not_taken_for_a_deleted_one(db, claimed):
    with db.transaction() as connection:
        connection.exec_driver_sql("UPDATE groundwork.delivery SET flow_run_id = %s", (flow_run_id(),))
    assert cancel_deleted_runs() == 0
    assert claimed().state == "running"
    expire(db)
    sweep()
    assert claimed().state == "queued"


def test_of_many_runs_those_that_were_deleted_are_found(deployment):
    with get_client(sync_client=True) as client:
        runs = [client.create_flow_run_from_deployment(deployment).id for _ in range(4)]
    delete(runs[2])
    assert deleted_runs([*runs, flow_run_id()]) == {runs[2]}


def test_a_run_that_is_deleted_before_it_has_begun_is_asked_for_anew(db, admitted, now):
    sweep()
    first = now().flow_run_id
    delete(first)
    assert cancel_deleted_runs() == 0
    expire(db)
    sweep()
    assert (now().state, now().dispatches) == ("admitted", 3)
    assert now().flow_run_id != first
