"""A job that cannot start holds no worker's place, and says what is missing and what to do."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import yaml
from prefect import get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound
from sqlalchemy import text

from groundwork.blocks.outages import Outages
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.commands.lanes import _shown as lanes_table
from groundwork.deployments.commands.status import tell_status
from groundwork.deployments.relay.capacity import Capacity
from groundwork.deployments.relay.prefect_api import WorkPoolMissing, pool_limits
from groundwork.deployments.relay.startable import Startable
from groundwork.deployments.relay.sweeper import sweep
from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.events.inbox import event_status, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.lanes import lanes
from groundwork.events.inbox.runs import note_run
from groundwork.events.inbox.workers import Worker, tell
from groundwork.flows.job import job
from tests.factories import csv_import_confirmed, delivery_of, register_job
from tests.integration.relay.conftest import expire

NAME = "startable-job"
ANOTHER = "audit-csv"
told: list[str] = []


@job(on=CsvImportConfirmed, on_failure=lambda _, error: told.append(str(error)))
def startable_job(event: CsvImportConfirmed) -> None:
    """Is wired, or not, as the tests say."""


@pytest.fixture
def wired(db, prefect_api, caplog) -> Iterator[UUID]:
    """The job with a deployment in the work pool, and an automation that runs it."""
    register_job(db, NAME, max_attempts=2)
    deployment_id = deploy(NAME)
    yield deployment_id
    undeploy(deployment_id)


@pytest.fixture
def another(db, prefect_api) -> Iterator[None]:
    """Another job that listens to the same event, wired as it should be."""
    register_job(db, ANOTHER, lane=5)
    deployment_id = deploy(ANOTHER)
    yield
    undeploy(deployment_id)


def deploy(name: str) -> UUID:
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="groundwork"), overwrite=True)
        flow_id = client.create_flow_from_name(name)
        deployment_id = client.create_deployment(flow_id, name, work_pool_name=WORK_POOL)
    automate(deployment_id, job=name)
    return deployment_id


@pytest.fixture
def undeployed(db, prefect_api) -> None:
    """The job as code only."""
    register_job(db, NAME, max_attempts=2)
    told.clear()


def automate(
    deployment_id: UUID, event_name: str = "import/csv.confirmed", *, job: str = NAME, enabled: bool = True
) -> UUID:
    with get_client(sync_client=True) as client:
        return client.create_automation(
            AutomationCore(
                name=f"{event_name} starts {job}",
                enabled=enabled,
                trigger=EventTrigger(
                    expect={event_name},
                    match={"prefect.resource.id": "groundwork.delivery.*", "groundwork.job": job},
                    posture=Posture.Reactive,
                    threshold=1,
                    within=timedelta(0),
                ),
                actions=[RunDeployment(deployment_id=deployment_id)],
            )
        )


def automations_of(deployment_id: UUID):
    with get_client(sync_client=True) as client:
        return client.read_resource_related_automations(f"prefect.deployment.{deployment_id}")


def drop_automations(deployment_id: UUID) -> None:
    with get_client(sync_client=True) as client:
        for each in client.read_automations():
            if any(getattr(action, "deployment_id", None) == deployment_id for action in each.actions):
                client.delete_automation(each.id)


def undeploy(deployment_id: UUID) -> None:
    drop_automations(deployment_id)
    with get_client(sync_client=True) as client:
        try:
            client.delete_deployment(deployment_id)
        except ObjectNotFound:
            return


def let_pauses_pass(db) -> None:
    with db.transaction() as connection:
        connection.execute(
            text("UPDATE groundwork.delivery SET not_before = clock_timestamp() WHERE state IN ('scheduled', 'queued')")
        )
        connection.execute(text("UPDATE groundwork.delivery SET state = 'queued' WHERE state = 'scheduled'"))


def look() -> Startable:
    startable = Startable()
    startable.look()
    return startable


def test_a_job_that_is_wired_well_is_not_spoken_of(wired, caplog):
    send(csv_import_confirmed())
    startable = look()
    assert (startable.held, startable.needs_api(NAME), caplog.text) == ([], False, "")


def test_a_job_without_a_deployment_holds_no_place_and_says_what_to_add(db, undeployed, another):
    lost = [send(csv_import_confirmed(f"import-{n}")) for n in range(5)]
    assert len(admit(capacity=2)) == 2
    startable = look()
    rows = [row for row in deliveries(db) if row.job == NAME]
    assert {row.state for row in rows} == {"queued"}
    assert len(rows) == len(lost)
    admit(2, startable.held)
    assert [row.job for row in deliveries(db) if row.state == "admitted"] == [ANOTHER] * 2
    error = rows[0].last_error
    assert f"Job {NAME} has no deployment, so nothing runs it. Prefect's deployments: " in error
    block = yaml.safe_load(error.partition("groundwork deploy`:\n")[2])
    assert block[0]["name"] == NAME
    assert block[0]["entrypoint"] == "tests.integration.relay.test_startable.startable_job"
    assert block[0]["triggers"][0]["parameters"] == {"delivery_id": "{{ event.payload.delivery_id }}"}


def deliveries(db):
    with db.transaction() as connection:
        return connection.execute(text("SELECT * FROM groundwork.delivery ORDER BY sequence")).all()


def test_what_has_no_deployment_is_seen_waiting_wherever_one_looks_and_runs_when_it_comes(db, undeployed, capsys):
    event_id = send(csv_import_confirmed())
    [admitted] = admit(capacity=1)
    startable = look()
    assert startable.held == [NAME]
    assert admit(1, startable.held) == []
    [lane] = shown(db, lanes)
    assert (lane.queued, lane.running) == (1, 0)
    assert lane.held_because.startswith(f"Job {NAME} has no deployment, so nothing runs it.")
    assert lanes_table([lane], as_json=False).endswith(f"Job {NAME} has no deployment, so nothing runs it")
    assert json.loads(lanes_table([lane], as_json=True))["lanes"][0]["heldBecause"] == lane.held_because
    status = shown(db, event_status, event_id)
    assert status.deliveries[0].waits_for == lane.held_because
    tell_status(status, as_json=False)
    assert f"  waits: Job {NAME} has no deployment, so nothing runs it. " in capsys.readouterr().out
    deployment_id = deploy(NAME)
    try:
        startable.look()
        assert startable.held == []
        [again] = admit(1, startable.held)
        assert (again.id, again.dispatches) == (admitted.id, 2)
        startable_job(delivery_id=again.id)
    finally:
        undeploy(deployment_id)
    [done] = shown(db, event_status, event_id).deliveries
    assert (done.state, done.attempt, done.waits_for, done.last_error) == ("done", 1, None, None)
    assert shown(db, lanes) == []


def test_a_job_that_nothing_runs_for_long_loses_nothing(db, undeployed):
    event_id = send(csv_import_confirmed())
    for _ in range(20):
        let_pauses_pass(db)
        assert admit(1, look().held) == []
        sweep()
    assert (delivery_of(db, event_id).state, told) == ("queued", [])


def test_a_batch_that_nothing_can_run_is_made_up_anew(db, undeployed):
    register_job(db, NAME, batch_size=3)
    events = [send(csv_import_confirmed(f"import-{n}")) for n in range(3)]
    assert len(admit(capacity=1)) == 1
    look()
    rows = [delivery_of(db, each) for each in events]
    assert {(row.state, row.batch_id) for row in rows} == {("queued", None)}


def test_a_run_that_is_there_already_is_left_its_delivery(db, undeployed):
    event_id = send(csv_import_confirmed())
    [admitted] = admit(capacity=1)
    note_run(admitted.id, admitted.dispatches, uuid4())
    look()
    assert delivery_of(db, event_id).state == "admitted"


def test_a_job_that_no_code_has_any_more_is_told_from_one_that_is_not_deployed(db, prefect_api):
    register_job(db, "forgotten", max_attempts=1)
    event_id = send(csv_import_confirmed())
    look()
    waiting = delivery_of(db, event_id)
    assert waiting.state == "queued"
    assert waiting.last_error.startswith(
        "No worker knows job forgotten: it was removed from the code, or its application"
    )


def shown(db, read: Callable[..., Any], *arguments: object) -> Any:
    with db.transaction() as connection:
        return read(connection, *arguments)


def test_the_sweeper_gives_the_place_of_an_undeployed_job_free_with_the_cause(db, undeployed):
    event_id = send(csv_import_confirmed())
    admit(capacity=1)
    expire(db)
    sweep()
    waiting = delivery_of(db, event_id)
    assert waiting.state == "queued"
    assert "has no deployment" in waiting.last_error


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (drop_automations, "has no automation"),
        (lambda it: (drop_automations(it), automate(it, enabled=False)), "disabled"),
        (lambda it: (drop_automations(it), automate(it, "import/csv.forgotten")), "waits for other events"),
    ],
    ids=["missing", "disabled", "of another event"],
)
def test_without_a_working_automation_runs_are_asked_for_by_the_api(db, wired, caplog, change, words: str):
    change(wired)
    send(csv_import_confirmed())
    startable = look()
    assert (startable.held, startable.needs_api(NAME)) == ([], True)
    assert words in caplog.text
    startable.look()
    assert caplog.text.count(words) == 1


def test_a_paused_work_queue_holds_its_jobs_and_no_others(db, wired, caplog):
    event_id = send(csv_import_confirmed())
    with get_client(sync_client=True) as client:
        queue = client.read_work_queue_by_name("default", work_pool_name=WORK_POOL)
        client.update_work_queue(queue.id, is_paused=True)
        startable = look()
        assert startable.held == [NAME]
        assert "work queue default of the work pool groundwork is paused" in delivery_of(db, event_id).last_error
        assert delivery_of(db, event_id).state == "queued"
        client.update_work_queue(queue.id, is_paused=False)
        startable.look()
    assert startable.held == []
    assert f"job {NAME} can start again" in caplog.text


def test_a_deployment_of_a_pool_without_workers_holds_its_job(db, wired):
    event_id = send(csv_import_confirmed())
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="elsewhere", type="process"))
        try:
            client.create_deployment(client.create_flow_from_name(NAME), NAME, work_pool_name="elsewhere")
            assert look().held == [NAME]
        finally:
            client.delete_work_pool("elsewhere")
    assert "belongs to the work pool elsewhere, not to groundwork" in delivery_of(db, event_id).last_error
    # The pool is gone now, and the deployment belongs to none.
    let_pauses_pass(db)
    look()
    assert "belongs to no work pool" in delivery_of(db, event_id).last_error


@pytest.mark.parametrize(("limit", "runs"), [(6, 4), (3, 1), (2, 1), (1, 1), (0, 0), (None, 4)])
def test_hosts_have_places_of_the_pool_that_other_runs_leave_free(db, prefect_api, limit, runs):
    with get_client(sync_client=True) as client:
        pool = WorkPoolCreate(name=WORK_POOL, type="groundwork", concurrency_limit=limit)
        client.create_work_pool(pool, overwrite=True)
        try:
            assert capacity() == {WORK_POOL: runs}
        finally:
            client.delete_work_pool(WORK_POOL)
            client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="groundwork"))


@pytest.mark.parametrize(
    ("limit", "places", "runs"),
    [(None, [6], 4), (None, [6, 8], 12), (8, [6, 8], 6), (20, [6, 8], 12), (None, [6, None], 1_000), (8, [None], 6)],
)
def test_capacity_is_what_the_workers_hold_that_are_there_and_no_more_than_the_pool_lets_them(
    db, prefect_api, limit, places, runs
):
    with db.transaction() as connection:
        for each in places:
            tell(connection, Worker(id=uuid4(), name="one", work_pool=WORK_POOL, places=each, session_pid=None))
    with get_client(sync_client=True) as client:
        pool = WorkPoolCreate(name=WORK_POOL, type="groundwork", concurrency_limit=limit)
        client.create_work_pool(pool, overwrite=True)
    assert capacity() == {WORK_POOL: runs}


def test_each_pool_of_the_jobs_has_a_capacity_of_its_own(db, prefect_api):
    register_job(db, "heavy-one", "test/heavy.wanted", work_pool="heavy")
    register_job(db, "homeless", "test/homeless.wanted", work_pool="nowhere")
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="groundwork", concurrency_limit=6), overwrite=True)
        client.create_work_pool(WorkPoolCreate(name="heavy", type="process", concurrency_limit=2), overwrite=True)
        try:
            assert capacity() == {WORK_POOL: 4, "heavy": 2}
        finally:
            client.delete_work_pool("heavy")


def capacity() -> dict[str, int]:
    """As a relay that has just asked knows it."""
    asked = Capacity(Outages(logging.getLogger(__name__)))
    asked.refresh()
    asked.refresh_places()
    return asked.known


def test_a_work_pool_that_is_missing_or_paused_starts_nothing(db, prefect_api):
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="groundwork"), overwrite=True)
        client.update_work_pool(WORK_POOL, WorkPoolUpdate(is_paused=True))
        assert capacity() == {WORK_POOL: 0}
        client.delete_work_pool(WORK_POOL)
        with pytest.raises(WorkPoolMissing, match="groundwork deploy"):
            pool_limits([WORK_POOL])
        assert capacity() == {}
        client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="groundwork"))
