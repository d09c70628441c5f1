"""A run that lives keeps its delivery, and one that is dead or stopped loses it, whichever worker has started it."""

import contextvars
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.workers.process import ProcessWorker

from groundwork.blocks.database import Database
from groundwork.deployments.relay.prefect_api import create_run
from groundwork.deployments.relay.sweeper import sweep
from groundwork.deployments.worker.worker import GroundworkWorker
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from tests.factories import delivery_of, register_job
from tests.integration.worker.conftest import deploy, ended, ensure_pool, start_worker
from tests.integration.worker.leased_jobs import LongWorkWanted
from tests.waiting import wait_until

LEASE_SECONDS = 3

Work = Callable[..., Any]


@pytest.fixture(scope="module", params=[GroundworkWorker, ProcessWorker], ids=lambda each: each.type)
def deployment(
    request: pytest.FixtureRequest, postgres: object, prefect_api: dict[str, str], worker_log: Path
) -> Iterator[UUID]:
    """The job's deployment, in a pool of a worker whose runs have a short lease."""
    worker_class = request.param
    pool = f"leased-{worker_class.type}"
    ensure_pool(pool, worker_class.type, worker_class.get_default_base_job_template())
    entrypoint = "tests.integration.worker.leased_jobs.long_work"
    deployment_id = deploy("long-work", entrypoint, pool, env={"PYTHONPATH": os.getcwd()})
    short = {"GROUNDWORK_LEASE_SECONDS": str(LEASE_SECONDS)}
    worker = start_worker(pool, worker_class.type, prefect_api | short, worker_log)
    yield deployment_id
    worker.terminate()
    worker.wait(60)


@pytest.fixture
def work(db: Database, deployment: UUID, tmp_path: Path) -> Iterator[Work]:
    """Ask for work, with a relay that has none of Prefect's words on dead runs; the delivery, whenever it is called."""
    register_job(db, "long-work", "test/long-work.wanted")
    over = threading.Event()

    def relay() -> None:
        while not over.wait(0.2):
            sweep()
            for each in admit(capacity=10):
                create_run(deployment, each.id, each.dispatches)

    def work(how: str, seconds: int) -> Callable[[], Any]:
        event = LongWorkWanted(workspace_id=WorkspaceId("acme"), folder=str(tmp_path), seconds=seconds, how=how)
        event_id = send(event)
        return lambda: delivery_of(db, event_id)

    # Prefect's settings of this session are those of the calling thread.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(relay,))
    thread.start()
    yield work
    over.set()
    thread.join()


def begun(folder: Path) -> list[int]:
    """The processes that have begun the step."""
    log = folder / "begun"
    return [int(each) for each in log.read_text().split()] if log.exists() else []


def test_a_step_that_holds_the_interpreter_for_three_leases_runs_once(work: Work, tmp_path: Path):
    now = work("holding", 3 * LEASE_SECONDS)
    wait_until(lambda: now().state not in ("queued", "admitted", "running"), 90, "the delivery to end")
    time.sleep(LEASE_SECONDS)
    assert (now().state, now().attempt, now().result) == ("done", 1, 1)
    assert len(begun(tmp_path)) == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_a_run_that_is_killed_or_stopped_is_followed_by_another_which_alone_settles(
    work: Work, tmp_path: Path, number: int
):
    now = work("sleeping", 30)
    [first] = wait_until(lambda: begun(tmp_path), 90, "the step to begin")
    flow_run_id = now().flow_run_id
    os.kill(first, number)
    wait_until(lambda: now().state == "done", 90, "the second attempt to settle")
    assert (now().attempt, now().result, len(begun(tmp_path))) == (2, 2, 2)
    if number == signal.SIGSTOP:
        os.kill(first, signal.SIGCONT)
        assert not ended(flow_run_id).state.is_completed()
        assert (now().attempt, now().result) == (2, 2)
