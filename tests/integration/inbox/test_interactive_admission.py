"""Light deliveries of interactive jobs are admitted as they come, whatever else waits and whoever is away."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit, admit_interactive
from groundwork.events.inbox.jobs import register_job
from groundwork.flows.flow_control import Singleton
from groundwork.flows.job_options import JobOptions
from groundwork.flows.registry import JobSpec
from tests.factories import delivery_of, scalar
from tests.integration.inbox.scored_leads import LeadLost, register, scored, states
from tests.waiting import wait_until

IN_FLIGHT = "SELECT count(*) FROM groundwork.delivery WHERE state = 'admitted'"


def register_interactive(db, *, light: bool = True, **options) -> None:
    said = JobOptions(on=LeadLost, light=light, interactive=True, **options)
    with db.transaction() as connection:
        register_job(connection, JobSpec(name="tell-agent", options=said, body=register).registration)


def lost(workspace: str = "acme", **options):
    return send(LeadLost(workspace_id=WorkspaceId(workspace), lead_id="ann"), **options)


def test_they_alone_are_admitted_and_others_keep_their_turn(db):
    register(db, light=True, lane=1)
    register(db, name="ordinary")
    register_interactive(db)
    for workspace in ("acme", "bolt", "cork"):
        scored(workspace=workspace)
    asked = lost()
    assert admit_interactive() == 1
    assert delivery_of(db, asked).state == "admitted"
    assert scalar(db, IN_FLIGHT) == 1
    assert admit_interactive() == 0
    assert len(admit(100)) == 6


def test_the_walk_over_the_lanes_of_others_goes_on_where_it_was(db):
    register(db, light=True)
    register_interactive(db)
    where = "SELECT walked_workspace_id FROM groundwork.job WHERE name = 'alert-agent'"
    with db.transaction() as connection:
        connection.exec_driver_sql("UPDATE groundwork.job SET walked_workspace_id = 'bolt' WHERE name = 'alert-agent'")
    lost()
    assert admit_interactive() == 1
    assert scalar(db, where) == "bolt"


def test_their_lane_limit_key_and_time_hold(db):
    register_interactive(db, lane=2, singleton=Singleton(key="lead_id", mode="skip"))
    first, second = lost(), lost()
    assert admit_interactive() == 1
    assert delivery_of(db, first).state == "admitted"
    assert delivery_of(db, second).state == "cancelled"


@pytest.mark.parametrize("held", [True, False])
def test_one_that_cannot_start_waits(db, held):
    register_interactive(db)
    lost()
    assert admit_interactive(["tell-agent"] if held else []) == (0 if held else 1)


def test_an_ordinary_interactive_job_is_left_to_the_look_at_all(db):
    register_interactive(db, light=False)
    lost()
    assert admit_interactive() == 0
    assert states(db) == ["queued"]
    assert len(admit(1)) == 1


@pytest.fixture
def silent_prefect() -> Iterator[str]:
    """The address of a Prefect that knows of nothing, and is silent when it is asked for the work pool."""
    over = threading.Event()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if "work_pools" in self.path:
                over.wait()
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Nothing is told."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        over.set()
        server.shutdown()


def test_a_relay_admits_them_while_it_waits_for_prefect(db, silent_prefect):
    register(db, light=True)
    register_interactive(db)
    relay = subprocess.Popen(
        [sys.executable, "-m", "groundwork.deployments.relay"], env=os.environ | {"PREFECT_API_URL": silent_prefect}
    )
    listening = "SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN \"groundwork_interactive\"'"
    try:
        wait_until(lambda: scalar(db, listening), 60, what="the relay listens")
        bulk = scored()
        asked = lost()
        wait_until(lambda: delivery_of(db, asked).state == "admitted", what="it is admitted")
        assert delivery_of(db, bulk).state == "queued"
    finally:
        relay.terminate()
        relay.wait(30)
