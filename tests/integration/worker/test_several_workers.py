"""Several workers on one pool: each run is one worker's, and the others neither look for it nor ask Prefect for it."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from groundwork.blocks.database import Database
from groundwork.deployments.relay.prefect_api import create_run
from groundwork.deployments.worker.worker import GroundworkWorker
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit, note_posted
from groundwork.events.inbox.workers import places_online
from tests.factories import register_job, scalar
from tests.integration.worker.conftest import deploy, ensure_pool, start_worker
from tests.integration.worker.shared_jobs import ShareWanted
from tests.waiting import wait_until

POOL = "several"
WORKERS, PLACES = 4, 3
RUNS = 60
_TAKEN = re.compile(r"Worker '[^']+' submitting flow run")
_ABORTED = re.compile(r"Aborted submission of flow run")


@pytest.fixture(scope="module")
def workers(
    postgres: object, prefect_api: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Path, "subprocess.Popen[bytes]"]]:
    """Four workers of three places each, by their logs."""
    ensure_pool(POOL, "groundwork", GroundworkWorker.get_default_base_job_template())
    folder = tmp_path_factory.mktemp("workers")
    started = {
        folder / f"{number}.log": start_worker(
            POOL, "groundwork", prefect_api, folder / f"{number}.log", options=["--limit", str(PLACES)]
        )
        for number in range(WORKERS)
    }
    yield started
    for each in started.values():
        each.terminate()
    for each in started.values():
        each.wait(60)


@pytest.fixture
def pool(db: Database, workers: dict[Path, "subprocess.Popen[bytes]"]) -> Database:
    """The database, once it knows of all workers: that of each test begins empty."""
    register_job(db, "take-share", "test/share.wanted", lane=100, work_pool=POOL)
    alive = sum(each.poll() is None for each in workers.values())
    wait_until(lambda: places(db) == alive * PLACES, 120, "the workers to tell of themselves")
    return db


@pytest.fixture
def run_all(pool: Database) -> Callable[[int], None]:
    """Have so many deliveries run, as the relay and an automation would; returns when all are done."""
    deployment_id = deploy("take-share", "tests.integration.worker.shared_jobs.take_share", POOL)

    def run_all(number: int) -> None:
        for each in range(number):
            send(ShareWanted(workspace_id=WorkspaceId(f"workspace-{each}"), number=each))

        def done() -> bool:
            admitted = admit({POOL: WORKERS * PLACES})
            note_posted(admitted)
            for each in admitted:
                create_run(deployment_id, each.id, each.dispatches)
            return bool(
                scalar(pool, "SELECT count(*) = :all FROM groundwork.delivery WHERE state = 'done'", all=number)
            )

        wait_until(done, 240, "all deliveries to be done")

    return run_all


def counted(pattern: re.Pattern[str], logs: dict[Path, "subprocess.Popen[bytes]"]) -> list[int]:
    return [len(pattern.findall(log.read_text())) for log in logs]


def test_hardly_any_run_is_asked_for_by_two_workers_and_each_has_its_share(workers, pool, run_all):
    run_all(RUNS)
    taken, aborted = counted(_TAKEN, workers), counted(_ABORTED, workers)
    assert sum(aborted) < 0.02 * sum(taken), (taken, aborted)
    assert min(taken) > RUNS / WORKERS / 2, taken
    attempts = scalar(pool, "SELECT max(attempt) FROM groundwork.delivery")
    assert attempts == 1


def places(db: Database) -> int | None:
    with db.transaction() as connection:
        return places_online(connection).get(POOL)


@pytest.mark.runs_last
def test_runs_go_to_the_others_where_a_worker_is_killed(workers, pool, run_all):
    killed = next(iter(workers.values()))
    killed.kill()
    killed.wait(10)
    # Its session ends with it: nobody waits until it has been silent for long.
    wait_until(lambda: places(pool) == (WORKERS - 1) * PLACES, 5, "the killed worker to be gone")
    run_all(12)


@pytest.mark.runs_last
def test_a_worker_that_is_told_to_end_is_given_nothing_more_at_once(workers, pool):
    leaving = list(workers.values())[-1]
    before = places(pool)
    leaving.terminate()
    wait_until(lambda: places(pool) == before - PLACES, 5, "it to take its leave")
    assert leaving.wait(60) == 0
