"""Two work pools of two types over one relay: a warm one for small jobs, Prefect's process worker for heavy ones."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from tests.integration.process import Process
from tests.integration.stack.pool_jobs import HeavyWanted, SmallWanted
from tests.integration.stack.running import PROJECT, RunningStack
from tests.integration.stack.small_project import small_project
from tests.waiting import wait_until

OWN_PROJECT = Path(__file__).parent / "pools_project"


@pytest.fixture(scope="module")
def two_pools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    folder = tmp_path_factory.mktemp("pools")
    settings = {
        "PYTHONPATH": str(PROJECT),
        "GROUNDWORK_APPLICATIONS": "operations,tests.integration.stack.pool_jobs:application",
        "GROUNDWORK_PROJECT": f"{small_project(folder / 'project', 'operations')},{OWN_PROJECT}",
        "GROUNDWORK_CONCURRENCY": "2",
    }
    with RunningStack(folder / "home", settings).running() as stack:
        yield stack


def post(stack: RunningStack, kind: type[Event], number: int) -> list[UUID]:
    with stack.database.transaction() as connection:
        return [
            send(kind.model_validate({"workspace_id": WorkspaceId("acme"), "number": each}), connection)
            for each in range(number)
        ]


def rows(stack: RunningStack, event_ids: list[UUID]) -> list[tuple[str, str | None, str | None]]:
    """Of each delivery its state, its result, and why it waits."""
    sql = "SELECT state, result #>> '{}', last_error FROM groundwork.delivery WHERE event_id = ANY(:ids)"
    with stack.database.transaction() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(text(sql), {"ids": event_ids})]


def states(stack: RunningStack, event_ids: list[UUID]) -> set[str]:
    return {state for state, *_ in rows(stack, event_ids)}


@pytest.mark.timeout(420)
def test_each_job_runs_in_its_pool_and_a_pool_without_a_worker_keeps_no_other_waiting(
    two_pools: RunningStack, tmp_path: Path
):
    heavy = post(two_pools, HeavyWanted, 3)
    small = post(two_pools, SmallWanted, 4)
    wait_until(lambda: states(two_pools, small) == {"done"}, 150, "the small jobs to be done")
    assert all("zygote" in str(parent) for _, parent, _ in rows(two_pools, small))

    def waits() -> bool:
        return any("no worker of that one is there" in str(why) for _, _, why in rows(two_pools, heavy))

    wait_until(waits, 60, "the heavy jobs to say what they wait for")
    # What was admitted before the relay had looked for workers waits in Prefect.
    assert states(two_pools, heavy) <= {"queued", "admitted"}
    assert "no worker of the work pool heavy is online" in two_pools.groundwork("doctor").stdout

    line = two_pools.command("worker", "--pool", "heavy", "--type", "process", "--health-port", "0")
    worker = Process(line, two_pools.environment, tmp_path / "heavy.log")
    try:
        wait_until(lambda: worker.pid and states(two_pools, heavy) == {"done"}, 180, "the heavy jobs to be done")
        assert "heavy: 1 online, 2 runs at once" in two_pools.groundwork("doctor").stdout
    finally:
        worker.end()
    assert not any("zygote" in str(parent) for _, parent, _ in rows(two_pools, heavy))
