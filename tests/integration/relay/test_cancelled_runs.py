"""What is cancelled in the inbox is cancelled in Prefect."""

import pytest
from prefect import get_client
from prefect.client.schemas.objects import StateType
from prefect.states import Running
from sqlalchemy import text

from groundwork.deployments.relay.cancelled_runs import cancel_runs
from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.events.inbox import claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.cancellation import cancel
from groundwork.events.inbox.claim import Run
from groundwork.flows.job import job
from tests.factories import csv_import_confirmed, delivery_of, flow_run_id, register_job

_told = []


@job(on=CsvImportConfirmed, on_failure=lambda event, error: _told.append((event.import_id, str(error))))
def cancelled_job(event):
    return None


@pytest.fixture
def claimed(db, deployment):
    """A delivery whose run works on it."""
    _told.clear()
    register_job(db, "cancelled-job")
    event_id = send(csv_import_confirmed())
    [admitted] = admit(capacity=1)
    with get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(deployment, parameters={"delivery_id": str(admitted.id)}).id
        client.set_flow_run_state(run, Running(), force=True)
    claim(admitted.id, Run(flow_run_id=run))
    return delivery_of(db, event_id)


def cancel_event(db, event_id) -> None:
    with db.transaction() as connection:
        cancel(connection, event_id=event_id)


def test_the_run_of_a_cancelled_delivery_is_cancelled_and_its_job_tidies_up_once(db, claimed):
    cancel_event(db, claimed.event_id)
    assert cancel_runs() == 1
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(claimed.flow_run_id).state.type in (StateType.CANCELLING, StateType.CANCELLED)
    assert _told == [("import-1", "Cancelled by an operator.")]
    assert cancel_runs() == 0
    assert not delivery_of(db, claimed.event_id).run_to_cancel


def test_a_run_that_prefect_does_not_know_is_no_obstacle(db, claimed):
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET flow_run_id = :id"), {"id": flow_run_id()})
    cancel_event(db, claimed.event_id)
    assert (cancel_runs(), cancel_runs()) == (1, 0)


def test_a_delivery_without_a_run_has_nothing_to_be_stopped(db, deployment):
    register_job(db, "cancelled-job")
    event_id = send(csv_import_confirmed())
    admit(capacity=1)
    cancel_event(db, event_id)
    assert (cancel_runs(), cancel_runs()) == (1, 0)
    assert delivery_of(db, event_id).state == "cancelled"
