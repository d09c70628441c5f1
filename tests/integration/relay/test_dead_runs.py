"""Runs that died without a word give their slots of the work pool back."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from prefect import get_client
from prefect.client.schemas.objects import State
from prefect.states import Pending, Running
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.relay import dead_runs
from groundwork.deployments.relay.dead_runs import crash_dead_runs
from groundwork.events.inbox import claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from tests.factories import csv_import_confirmed, delivery_of, register_job
from tests.integration.work_pools import own_work_pool


@pytest.fixture(scope="module")
def pooled(prefect_api: dict[str, str]) -> Iterator[UUID]:
    """A deployment whose runs belong to the work pool."""
    with own_work_pool(WORK_POOL, "process"), get_client(sync_client=True) as client:
        flow_id = client.create_flow_from_name("dead-runs")
        yield client.create_deployment(flow_id, "dead-runs", work_pool_name=WORK_POOL)


@pytest.fixture(autouse=True)
def no_patience(db: Database, pooled: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_runs, "_LEASES", 0)
    monkeypatch.setattr(dead_runs, "pending_seconds", lambda _: 0.0)
    # Runs that other tests left behind in the server are not counted with this test's.
    crash_dead_runs()


def begun(deployment: UUID, state: State, **parameters: str) -> UUID:
    with get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(deployment, parameters=parameters)
        client.set_flow_run_state(run.id, state, force=True)
        return run.id


def state_of(run_id: UUID) -> str:
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(run_id).state
    assert state is not None
    return state.type.value


@pytest.mark.parametrize("state", [Running, Pending])
def test_a_run_that_holds_no_lease_is_crashed(db, pooled: UUID, state):
    run_id = begun(pooled, state(), delivery_id=str(uuid4()))
    assert crash_dead_runs() == 1
    assert state_of(run_id) == "CRASHED"
    assert crash_dead_runs() == 0


def test_a_run_that_holds_a_lease_is_left_alone_until_it_has_run_out(db, pooled: UUID):
    register_job(db)
    event_id = send(csv_import_confirmed())
    [admitted] = admit(capacity=1)
    run_id = begun(pooled, Running(), delivery_id=str(admitted.id))
    assert claim(admitted.id, Run(flow_run_id=run_id)) is not None
    assert crash_dead_runs() == 0

    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET lease_expires_at = clock_timestamp()"))
    assert crash_dead_runs() == 1
    assert state_of(run_id) == "CRASHED"
    assert delivery_of(db, event_id).state == "running"


def test_a_run_of_another_flow_in_the_same_pool_is_left_alone(db, pooled: UUID):
    run_id = begun(pooled, Running())
    try:
        assert crash_dead_runs() == 0
    finally:
        with get_client(sync_client=True) as client:
            client.delete_flow_run(run_id)


def test_a_run_is_given_time_to_claim(db, pooled: UUID, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dead_runs, "_LEASES", 2)
    run_id = begun(pooled, Running(), delivery_id=str(uuid4()))
    assert crash_dead_runs() == 0
    assert state_of(run_id) == "RUNNING"
