"""Three relays against one inbox and one Prefect server: nothing is admitted twice, no lane goes over its limit."""

import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect import get_client
from sqlalchemy import text

from groundwork.blocks.work_pool import WORK_POOL
from groundwork.events.inbox import claim
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from tests.factories import flow_run_id, register_job, scalar, send_many
from tests.integration.process import Process
from tests.integration.work_pools import own_work_pool
from tests.waiting import wait_until

LANES, EVENTS_PER_LANE = 12, 5


def send_all(db) -> None:
    for lane in range(LANES):
        send_many(db, f"workspace-{lane}", EVENTS_PER_LANE)


def test_admissions_at_once_keep_every_lane_within_its_limit_and_in_order(db):
    register_job(db, lane=1)
    send_all(db)
    started: list[tuple[str, int]] = []
    over: list[str] = []
    running: Counter[str] = Counter()
    lock = threading.Lock()

    def relay() -> None:
        while len(started) < LANES * EVENTS_PER_LANE:
            for each in admit(capacity=5):
                with lock:
                    running[each.workspace_id] += 1
                    over.extend([each.workspace_id] * (running[each.workspace_id] > 1))
                attempt = claim(each.id, Run(flow_run_id=flow_run_id()))
                with lock:
                    started.append((each.workspace_id, int(attempt.event.import_id.rpartition("-")[2])))
                    running[each.workspace_id] -= 1
                attempt.settle()

    relays = [threading.Thread(target=relay) for _ in range(3)]
    for each in relays:
        each.start()
    for each in relays:
        each.join(60)
    assert over == []
    for lane in range(LANES):
        assert [n for workspace, n in started if workspace == f"workspace-{lane}"] == list(range(EVENTS_PER_LANE))


Start = Callable[[], Process]


@pytest.fixture
def pool(prefect_api: dict[str, str]) -> Iterator[None]:
    """The work pool, which has room for everything."""
    with own_work_pool(WORK_POOL, "process", concurrency_limit=1_000):
        yield


@pytest.fixture
def start(db, prefect_api: dict[str, str], pool: None, tmp_path: Path) -> Iterator[Start]:
    """Starts a relay process. Nobody takes the runs of the deployment."""
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow_from_name("process-csv")
        client.create_deployment(flow_id, "process-csv", work_pool_name=WORK_POOL)
    started: list[Process] = []

    def another() -> Process:
        log = tmp_path / f"relay-{len(started)}.log"
        started.append(Process([sys.executable, "-m", "groundwork.deployments.relay"], prefect_api, log))
        return started[-1]

    yield another
    for each in started:
        each.signal(signal.SIGCONT)
        each.end()


@pytest.fixture
def relays(start: Start) -> list[Process]:
    """Three relay processes, the first of which leads."""
    first = start()
    first.says("this relay leads")
    others = [start(), start()]
    for each in others:
        each.says("another relay leads; this one stands by")
    return [first, *others]


def posted(db) -> int:
    return scalar(db, "SELECT count(*) FROM groundwork.delivery WHERE posted_at IS NOT NULL")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM], ids=lambda each: each.name)
def test_where_the_leading_relay_is_gone_another_one_admits(db, relays: list[Process], number: signal.Signals):
    register_job(db, lane=2)
    send_many(db, "before", 1)
    wait_until(lambda: posted(db) == 1, 30, "the leading relay to post")
    leading, *others = relays
    leading.signal(number)
    send_many(db, "after", 1)
    wait_until(lambda: posted(db) == 2, 30, "another relay to post")
    wait_until(lambda: ["this relay leads" in each.logged for each in others].count(True) == 1, 5, "one to lead")
    if number == signal.SIGSTOP:
        leading.forget()
        leading.signal(signal.SIGCONT)
        leading.says("another relay leads; this one stands by")


def test_each_delivery_is_posted_to_prefect_once(db, relays, prefect_api):
    register_job(db, lane=EVENTS_PER_LANE)
    send_all(db)
    wait_until(
        lambda: scalar(db, "SELECT count(*) = :n FROM groundwork.delivery WHERE posted_at IS NOT NULL",
                       n=LANES * EVENTS_PER_LANE),
        60,
        "every delivery to be posted",
    )  # fmt: skip
    with db.transaction() as connection:
        rows = connection.execute(text("SELECT id, dispatches FROM groundwork.delivery")).all()
    assert {row.dispatches for row in rows} == {1}
    resources = {f"groundwork.delivery.{row.id}" for row in rows}
    # Pages that are read while Prefect still writes overlap, so they are counted once all is written.
    wait_until(lambda: set(events_of(prefect_api, resources)) == resources, 30, "Prefect to keep the events")
    assert sorted(events_of(prefect_api, resources)) == sorted(resources)


def events_of(environment: dict[str, str], resources: set[str]) -> list[str]:
    """Of which of the resources Prefect has events; one entry per event."""
    body: dict[str, Any] = {"filter": {"event": {"name": ["import/csv.confirmed"]}}, "limit": 50}
    response = httpx.post(f"{environment['PREFECT_API_URL']}/events/filter", json=body).raise_for_status().json()
    found = [event["resource"]["prefect.resource.id"] for event in response["events"]]
    while response["next_page"]:
        response = httpx.get(response["next_page"]).raise_for_status().json()
        found += [event["resource"]["prefect.resource.id"] for event in response["events"]]
    return [each for each in found if each in resources]
