"""Prefect's server is killed while steps hold slots of their workspace's limit: nobody else gets in meanwhile."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from prefect import get_client
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings
from prefect.types._concurrency import ConcurrencyLeaseHolder
from sqlalchemy import text

from groundwork.deployments.relay.ended_runs import redeliver_ended_runs
from groundwork.deployments.up.part import Part
from groundwork.deployments.up.ports import free_port
from groundwork.deployments.up.prefect_settings import PREFECT_SETTINGS
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from tests.factories import register_job
from tests.integration.operations.held_calls import HeldCalls, HeldCallWanted
from tests.waiting import wait_until


class Server:
    """A Prefect server as ``groundwork up`` runs it, that can be killed and started again on the same home."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self.home = home
        self.port = str(free_port())
        url = f"http://127.0.0.1:{self.port}/api"
        self.environment = environment | PREFECT_SETTINGS | {"PREFECT_HOME": str(home), "PREFECT_API_URL": url}
        self._health = f"{url}/health"
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", self.port]
        self._process = Part("prefect", command, self.environment, home / "server.log", self._answers)

    def start(self) -> None:
        self._process.start()
        self._process.wait_until_ready(60)

    def kill(self) -> None:
        """SIGKILL the server with all its processes."""
        if self._process.pid is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            wait_until(lambda: self._process.exit_code is not None, what="the server is gone")

    def _answers(self) -> bool:
        try:
            return httpx.get(self._health).is_success
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def server(prefect_api: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A second server on the database of the first, with leases of its own."""
    home = tmp_path_factory.mktemp("prefect")
    server = Server(home, prefect_api)
    server.start()
    with temporary_settings({PREFECT_API_URL: server.environment["PREFECT_API_URL"], PREFECT_HOME: str(home)}):
        yield server
    server.kill()


@pytest.fixture
def workspace(prefect_api: dict[str, str]) -> Iterator[str]:
    """A workspace that Prefect has never heard of, and forgets."""
    name = f"w-{uuid4().hex[:8]}"
    yield name
    httpx.delete(f"{prefect_api['PREFECT_API_URL']}/v2/concurrency_limits/tag:workspace:{name}").raise_for_status()


@pytest.fixture
def calls(tmp_path: Path) -> HeldCalls:
    return HeldCalls(tmp_path)


@pytest.fixture
def run(db, server: Server, calls: HeldCalls, workspace: str) -> Iterator[Callable[..., None]]:
    """Starts calls, and what else is queued, each in a process of its own; two may be with the provider at once."""
    register_job(db, "held-calls", "test/held-call.wanted", lane=10)
    command = [sys.executable, "-m", "tests.integration.operations.held_calls"]
    with subprocess.Popen(
        command, env=server.environment, stdin=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdin is not None
        lines = process.stdin

        def start(*names: str) -> None:
            for name in names:
                send(HeldCallWanted(workspace_id=WorkspaceId(workspace), name=name, folder=str(calls.folder)))
            lines.writelines(f"{each.id}\n" for each in admit(capacity=10))
            lines.flush()

        yield start
        os.killpg(process.pid, signal.SIGKILL)


def test_slots_are_held_over_a_restart_and_given_back_by_the_living_and_the_dead(
    db, server: Server, calls: HeldCalls, workspace: str, run: Callable[..., None]
):
    run("living", "dead")
    wait_until(lambda: calls.inside() == {"living", "dead"}, 60, what="two calls are under way")
    run("third")
    wait_until(lambda: states(db) == ["running"] * 3, what="a third run is about to ask for a slot")
    server.kill()
    os.kill(calls.begun("dead")["pid"], signal.SIGKILL)
    server.start()
    assert slots(workspace) == (2, 2)
    assert not may_enter(workspace)
    assert calls.inside() == {"living", "dead"}

    def third_is_inside() -> bool:
        # It has waited all the time, or the server's end interrupted it as it asked, and it has another attempt.
        if redeliver_ended_runs():
            run()
        return "third" in calls.inside()

    let_lease_run_out(server.home, calls.begun("dead")["task_run_id"])
    wait_until(third_is_inside, 60, what="the dead one's place is taken")
    assert not may_enter(workspace)

    run("fourth")
    calls.let_go("living")
    wait_until(lambda: "fourth" in calls.inside(), what="the living one's place is taken")
    assert calls.begun("fourth")["at"] >= calls.ended("living")["at"]
    calls.let_go("third")
    calls.let_go("fourth")
    wait_until(lambda: states(db).count("done") == 3, what="all but the dead one are done")
    wait_until(lambda: slots(workspace) == (0, 2), what="every slot is free again")


def test_a_call_that_ends_while_the_server_is_away_is_not_made_again(
    db, server: Server, calls: HeldCalls, run: Callable[..., None]
):
    run("ada")
    wait_until(calls.inside, 60, what="the call is under way")
    begun = calls.begun("ada")
    server.kill()
    calls.let_go("ada")
    wait_until(lambda: not calls.inside(), what="the call has ended")
    server.start()
    wait_until(redeliver_ended_runs, 60, what="the run has ended")
    run()
    wait_until(lambda: states(db) == ["done"], what="another attempt has ended it")
    assert calls.begun("ada") == begun


def slots(workspace: str) -> tuple[int, int]:
    """Slots in use, and the limit."""
    with get_client(sync_client=True) as client:
        limit = client.read_global_concurrency_limit_by_name(f"tag:workspace:{workspace}")
    return limit.active_slots, limit.limit


def may_enter(workspace: str) -> bool:
    """Whether another step would get a slot now."""
    holder = ConcurrencyLeaseHolder(type="task_run", id=uuid4())
    body = {"names": [f"tag:workspace:{workspace}"], "slots": 1, "mode": "concurrency", "lease_duration": 60}
    answer = httpx.post(
        f"{PREFECT_API_URL.value()}/v2/concurrency_limits/increment-with-lease",
        json=body | {"holder": holder.model_dump(mode="json")},
    )
    assert answer.status_code in (200, 423)
    return answer.is_success


def let_lease_run_out(prefect_home: Path, task_run_id: str) -> None:
    """What a minute does to the lease of one holder, which nobody renews."""
    folder = prefect_home / "concurrency_leases"
    [path] = [path for path in folder.glob("*-*.json") if task_run_id in path.read_text()]
    lease = json.loads(path.read_text())
    assert datetime.fromisoformat(lease["expiration"]) < datetime.now(UTC) + timedelta(seconds=60)
    past = datetime(2000, 1, 1, tzinfo=UTC).isoformat()
    path.write_text(json.dumps(lease | {"expiration": past}))
    index = folder / "expirations.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {path.stem: past}))


def states(db) -> list[str]:
    """How the deliveries stand."""
    with db.transaction() as connection:
        return list(connection.execute(text("SELECT state FROM groundwork.delivery")).scalars())
