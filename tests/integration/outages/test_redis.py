"""Redis is started again, and has lost everything: servers and services of Prefect go on in their processes."""

import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.deployments.up.ports import free_port
from tests.integration.process import Process
from tests.integration.redis_server import PROGRAM, Redis
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no redis-server on the PATH")


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    server = Redis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def api(
    redis: Redis, postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, list[Process]]]:
    """The API of a server of Prefect that leaves its services to another process, and both processes."""
    folder = tmp_path_factory.mktemp("over-redis")
    postgres.create_database("over_redis")
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GROUNDWORK_HOME": str(folder / "home"),
        "GROUNDWORK_PREFECT_DATABASE_URL": postgres.url("over_redis").render_as_string(hide_password=False),
        "GROUNDWORK_REDIS_URL": redis.url,
    }

    def start(command: str, *arguments: str) -> Process:
        line = [sys.executable, "-m", "groundwork.deployments.cli", command, *arguments]
        return Process(line, environment, folder / f"{command}.log")

    url = f"http://127.0.0.1:{port}/api"
    processes = [start("prefect-server", "--no-services", "--port", str(port))]
    wait_until(lambda: processes[0].pid and _answers(f"{url}/health"), 150, f"the server:\n{processes[0].logged}")
    processes.append(start("prefect-services"))
    yield url, processes
    for each in reversed(processes):
        each.end()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def fire(api: tuple[str, list[Process]]) -> Callable[[], None]:
    """Post events until an automation makes a run of one."""
    url, _ = api
    with httpx.Client(base_url=url, timeout=10) as client:
        flow_id = client.post("/flows/", json={"name": "over-redis"}).json()["id"]
        deployment_id = client.post("/deployments/", json={"name": "over-redis", "flow_id": flow_id}).json()["id"]
        trigger = {"type": "event", "expect": ["redis.tried"], "posture": "Reactive", "threshold": 1, "within": 0}
        action = {"type": "run-deployment", "source": "selected", "deployment_id": deployment_id}
        made = client.post("/automations/", json={"name": "over redis", "trigger": trigger, "actions": [action]})
        made.raise_for_status()

    def runs() -> int:
        counted = httpx.post(f"{url}/flow_runs/count", json={"flows": {"id": {"any_": [flow_id]}}}, timeout=10)
        return int(counted.json()) if counted.is_success else 0

    def fire() -> None:
        before = runs()

        def made_one() -> bool:
            about = {"prefect.resource.id": f"redis.{uuid4()}"}
            event = {
                "id": str(uuid4()),
                "event": "redis.tried",
                "resource": about,
                "occurred": datetime.now(UTC).isoformat(),
            }
            try:
                # What the server cannot take just now is posted again, as the relay does.
                httpx.post(f"{url}/events", json=[event], timeout=10)
                return runs() > before
            except httpx.HTTPError:
                return False

        wait_until(made_one, 90, "an automation to make a run")

    return fire


@pytest.mark.timeout(420)
def test_after_redis_was_started_again_and_is_empty_automations_make_runs_in_the_same_processes(
    redis: Redis, api: tuple[str, list[Process]], fire: Callable[[], None]
):
    _, processes = api
    fire()
    before = [each.pid for each in processes]
    redis.kill()
    redis.start()
    fire()
    assert [each.pid for each in processes] == before


def test_after_redis_was_wiped_automations_make_runs(redis: Redis, fire: Callable[[], None]):
    fire()
    redis.wipe()
    fire()
