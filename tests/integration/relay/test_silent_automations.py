"""A Prefect server that takes events and starts nothing of them, as one does whose service of triggers has ended."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prefect import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.settings import PREFECT_API_URL, temporary_settings

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.relay.prefect_api import delivery_of
from groundwork.deployments.up.ports import free_port
from groundwork.events.inbox import send
from groundwork.testing.prefect_server import prefect_server
from tests.factories import csv_import_confirmed, register_job
from tests.factories import delivery_of as delivery_of_event
from tests.waiting import wait_until

JOB = "process-csv"


class Server:
    """A Prefect server of the test's own, which can be started with and without its triggers."""

    def __init__(self, folder: Path, postgres: EmbeddedPostgres, running: ExitStack) -> None:
        self._folder, self._postgres, self._running = folder, postgres, running
        self._port = free_port()

    def start(self, *, triggers: bool) -> dict[str, str]:
        """Start it, or start it again."""
        self._running.close()
        settings = {"PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": str(triggers).lower()}
        environment = self._running.enter_context(
            prefect_server(self._folder, self._postgres, "silent", settings, port=self._port)
        )
        self._running.enter_context(temporary_settings({PREFECT_API_URL: environment["PREFECT_API_URL"]}))
        return environment


@pytest.fixture
def server(tmp_path: Path, postgres: EmbeddedPostgres) -> Iterator[Server]:
    with ExitStack() as running:
        yield Server(tmp_path, postgres, running)


@pytest.fixture
def log(tmp_path: Path, db, server: Server) -> Iterator[Callable[[], str]]:
    """What a relay says that serves a server without triggers."""
    environment = server.start(triggers=False) | {"GROUNDWORK_CLAIM_SECONDS": "5"}
    deploy()
    register_job(db, lane=10)
    file = tmp_path / "relay.log"
    with file.open("w") as output:
        command = [sys.executable, "-m", "groundwork.deployments.relay"]
        process = subprocess.Popen(command, env=environment, stderr=output)
    yield file.read_text
    process.terminate()
    process.wait(30)


def deploy() -> None:
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="process"))
        deployment = client.create_deployment(client.create_flow_from_name(JOB), JOB, work_pool_name=WORK_POOL)
        trigger = EventTrigger(
            expect={"import/csv.confirmed"},
            match={"groundwork.job": JOB},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        )
        parameters = {"delivery_id": {"__prefect_kind": "jinja", "template": "{{ event.payload.delivery_id }}"}}
        action = RunDeployment(deployment_id=deployment, parameters=parameters)
        client.create_automation(AutomationCore(name="starts it", trigger=trigger, actions=[action]))


def runs_of(delivery_id: UUID) -> list[FlowRun]:
    with get_client(sync_client=True) as client:
        return [run for run in client.read_flow_runs() if delivery_of(run) == delivery_id]


def test_runs_are_asked_for_by_the_api_until_an_automation_makes_one_again(db, server, log):
    first = send(csv_import_confirmed("import-1"))
    wait_until(lambda: runs_of(delivery_of_event(db, first).id), what="the sweeper asks for a run")
    assert log().count("no automation makes a run of them") == 1

    for number in (2, 3):
        delivery = delivery_of_event(db, send(csv_import_confirmed(f"import-{number}")))
        [run] = wait_until(lambda id=delivery.id: runs_of(id), what="a run")
        assert run.idempotency_key == f"{delivery.id}:1", "asked for at once, not by the sweeper"

    server.start(triggers=True)
    send(csv_import_confirmed("import-4"))
    wait_until(lambda: "automations make runs of events again" in log(), 60, what="an automation makes a run")
    delivery = delivery_of_event(db, send(csv_import_confirmed("import-5")))
    [run] = wait_until(lambda: runs_of(delivery.id), what="a run")
    assert run.created_by is not None, log()
    assert run.created_by.type == "AUTOMATION"
