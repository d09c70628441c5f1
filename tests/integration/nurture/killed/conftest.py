"""Servers that outlive the tests of this folder, and the process whose runs are killed."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from prefect import get_client
from prefect.exceptions import ObjectNotFound

from groundwork.blocks.nurture.crm.credentials import keep_credential
from groundwork.blocks.process_cache import forget
from groundwork.blocks.settings import settings
from groundwork.events.identifiers import workspace_tag
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.clock import advance
from groundwork.events.inbox.redelivery import overdue, requeue
from tests.factories import scalar
from tests.integration.blocks.mail_server import Postmaster
from tests.integration.mailing import by_smtp
from tests.integration.nurture.agencies import ACME
from tests.integration.nurture.crm.conftest import PORTAL
from tests.integration.nurture.crm.hubspot_server import HubSpotServer, hubspot
from tests.integration.nurture.leads.receiver import Receiver, receiving
from tests.integration.nurture.model_server import ModelServer, serving

_OPEN = "SELECT count(*) FROM groundwork.delivery WHERE settled_at IS NULL AND waiting_for IS NULL"
_MOST_ROUNDS = 40


@dataclass(frozen=True)
class Point:
    """Where a run is killed: the first one of the job."""

    job: str
    step: str
    when: str = "returned"
    number: int = 0


@dataclass
class World:
    """All that the jobs talk to."""

    model: ModelServer
    portal: HubSpotServer
    postmaster: Postmaster
    receiver: Receiver

    def empty(self) -> None:
        """Forget what they were asked in the test before."""
        self.model.requests.clear()
        self.portal.requests.clear()
        self.portal.contacts.clear()
        self.portal._next = 100
        self.postmaster.received.clear()
        self.receiver.calls.clear()

    @property
    def contacts_made(self) -> int:
        """In the portal, ever."""
        return self.portal._next - 100


@dataclass
class Runs:
    """Runs of deliveries, each in a process of its own; see ``dying.py``."""

    process: subprocess.Popen[str]

    def run(self, job: str, delivery: object, point: Point | None) -> bool:
        """Run a delivery; whether it was killed."""
        where = f"{point.step} {point.when} {point.number}" if point else "- never 0"
        assert self.process.stdin
        self.process.stdin.write(f"{job} {delivery} {where}\n")
        self.process.stdin.flush()
        return self.answer() != "0"

    def answer(self) -> str:
        assert self.process.stdout
        return next(line.strip() for line in self.process.stdout if line.strip().lstrip("-").isalnum())


@dataclass
class Tally:
    """What all tests of a session came to, for whoever runs many seeds."""

    kills: int = 0
    figures: dict[str, int] = field(default_factory=dict)

    def add(self, **figures: int) -> None:
        for name, number in figures.items():
            self.figures[name] = self.figures.get(name, 0) + number


@pytest.fixture(scope="package")
def tally() -> Iterator[Tally]:
    made = Tally()
    yield made
    print(f"\n{made.kills} kills; {made.figures}")


@pytest.fixture(scope="package")
def servers(postgres: object, home: object) -> Iterator[World]:
    """A model, a portal of HubSpot, a mail server and a webhook's receiver, and an environment that leads to them."""
    with ExitStack() as stack:
        model = stack.enter_context(serving(ModelServer()))
        portal, url = stack.enter_context(hubspot())
        receiver = stack.enter_context(receiving())
        own = {
            "GROUNDWORK_WRITER_API_KEY": "sk-secret-of-the-test",
            "GROUNDWORK_WRITER_URL": model.url,
            "GROUNDWORK_WRITER_MODEL": "test-model",
            "GROUNDWORK_WRITER_INPUT_PRICE": "1",
            "GROUNDWORK_WRITER_OUTPUT_PRICE": "10",
            "GROUNDWORK_HUBSPOT_URL": url,
            "GROUNDWORK_HUBSPOT_APP_ID": portal.app_id,
            "GROUNDWORK_WEBHOOK_PRIVATE": "true",
        }
        os.environ.update(own)
        postmaster = stack.enter_context(by_smtp())
        yield World(model, portal, postmaster, receiver)
    for name in own:
        del os.environ[name]
    forget()


@pytest.fixture(scope="package")
def runs(servers: World, prefect_api: dict[str, str]) -> Iterator[Runs]:
    command = [sys.executable, "-m", "tests.integration.nurture.killed.dying"]
    process = subprocess.Popen(
        command,
        env=os.environ | prefect_api,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    made = Runs(process)
    assert made.answer() == "ready"
    yield made
    process.kill()
    process.wait()


@pytest.fixture
def world(db: Any, servers: World) -> World:
    """The servers, with nothing in them, and an account at the portal."""
    servers.empty()
    forget()
    keep_credential(PORTAL.key, {"access_token": "pat-1"})
    return servers


def free_slots() -> None:
    """Prefect keeps the slots of a killed step for a minute, in which the next run would wait."""
    with get_client(sync_client=True) as client, suppress(ObjectNotFound):
        client.delete_global_concurrency_limit_by_name(f"tag:{workspace_tag(ACME)}")


@pytest.fixture
def go_with_a_kill(db: Any, registered: list[float], runs: Runs, tally: Tally) -> Callable[[Point | None], int]:
    """Runs what is due until nothing is; the first run of the point's job is killed there. Gives how many were."""

    def go(point: Point | None) -> int:
        kills = 0
        for _ in range(_MOST_ROUNDS):
            with db.transaction() as connection:
                # Batches are not waited for, and a killed run's lease has run out.
                advance(connection, settings().lease_seconds + settings().claim_seconds)
            for each in overdue():
                requeue(each, "The run was killed.", tries=1)
            for each in admit(100):
                dies = point is not None and each.job == point.job and not kills
                kills += runs.run(each.job, each.id, point if dies else None)
                if dies:
                    free_slots()
            if not scalar(db, _OPEN):
                break
        tally.kills += kills
        return kills

    return go
