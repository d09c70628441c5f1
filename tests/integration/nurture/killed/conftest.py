"""Servers that outlive the tests of this folder, and the process whose runs are killed."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from groundwork.blocks.nurture.crm.credentials import keep_credential
from groundwork.blocks.process_cache import forget
from tests.integration.blocks.mail_server import Postmaster
from tests.integration.killed_runs import KilledRuns, Point, Tally
from tests.integration.mailing import by_smtp
from tests.integration.nurture.crm.conftest import PORTAL
from tests.integration.nurture.crm.hubspot_server import HubSpotServer, hubspot
from tests.integration.nurture.leads.receiver import Receiver, receiving
from tests.integration.nurture.model_server import ModelServer, serving


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
def runs(servers: World, prefect_api: dict[str, str]) -> Iterator[KilledRuns]:
    made = KilledRuns("nurture", os.environ | prefect_api)
    yield made
    made.close()
    print(f"\n{made.tally.kills} kills; {made.tally.figures}")


@pytest.fixture
def tally(runs: KilledRuns) -> Tally:
    return runs.tally


@pytest.fixture
def world(db: Any, servers: World) -> World:
    """The servers, with nothing in them, and an account at the portal."""
    servers.empty()
    forget()
    keep_credential(PORTAL.key, {"access_token": "pat-1"})
    return servers


@pytest.fixture
def go_with_a_kill(db: Any, registered: list[float], runs: KilledRuns) -> Callable[[Point | None], int]:
    """Runs what is due until nothing is; the first run of the point's job is killed there. Gives how many were."""
    return lambda point: runs.go(db, point)
