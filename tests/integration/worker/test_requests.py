"""What a run of the worker asks of Prefect's server: each request is some milliseconds of its one core."""

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from prefect.workers.base import BaseWorker

from groundwork.blocks.database import Database
from groundwork.deployments.relay.prefect_api import create_run
from groundwork.deployments.worker.worker import GroundworkWorker
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from tests.factories import register_job
from tests.integration.prefect_proxy import Answer, PrefectProxy, prefect_proxy
from tests.integration.process import Process
from tests.integration.worker.conftest import deploy, ended, ensure_pool
from tests.integration.worker.leased_jobs import LongWorkWanted, long_work


@pytest.fixture
def proxy(prefect_api: dict[str, str]) -> Iterator[PrefectProxy]:
    with prefect_proxy(prefect_api["PREFECT_API_URL"]) as running:
        yield running


def test_a_run_is_taken_on_with_one_read_and_the_states_that_people_wait_for(
    postgres, proxy, prefect_api, submit, tmp_path
):
    ensure_pool("counted", "groundwork", GroundworkWorker.get_default_base_job_template())
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "counted", "--type", "groundwork"]
    environment = {**prefect_api, **proxy.environment, "PREFECT_WORKER_QUERY_SECONDS": "0.3"}
    worker = Process(command, environment, tmp_path / "worker.log")
    requests: Counter[str] = Counter()
    states: list[str] = []

    def count(method: str, path: str, body: bytes) -> None:
        requests[f"{method} {re.sub(r'/[0-9a-f-]{36}', '', path)}"] += 1
        if path.endswith("/set_state"):
            states.append(json.loads(body)["state"]["name"])

    try:
        worker.says("started!", 60)
        with proxy.failing(count):
            assert ended(submit("describe", tmp_path, pool="counted")).state.is_completed()
    finally:
        worker.end()
    assert states == ["Pending", "Running", "Completed"]
    # The worker's, and one of the run: the zygote has not imported its flow.
    assert requests["GET /api/deployments"] == 2
    assert requests["PATCH /api/flow_runs/labels"] == 0


@pytest.mark.parametrize(("refused", "seconds"), [(0, 0), (1, 6)], ids=["at once", "after a failure"])
def test_a_jobs_run_is_labelled_by_one_change_after_it_runs_and_is_not_read_again(
    postgres, db: Database, proxy, prefect_api, tmp_path, refused: int, seconds: int
):
    """The change says what the engine says of the flow, too, which would be another request before the first step. One
    that fails is tried again while the run works."""
    ensure_pool("labelled", "groundwork", GroundworkWorker.get_default_base_job_template())
    deployment_id = deploy("long-work", "tests.integration.worker.leased_jobs.long_work", "labelled")
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "labelled", "--type", "groundwork"]
    quick = {"PREFECT_WORKER_QUERY_SECONDS": "0.3", "PYTHONPATH": os.getcwd()}
    worker = Process(command, {**prefect_api, **proxy.environment, **quick}, tmp_path / "worker.log")
    asked: list[tuple[str, dict[str, Any]]] = []

    refusals = iter(range(refused))

    def note(method: str, path: str, body: bytes) -> Answer | None:
        if "/flow_runs/" not in path:
            return None
        said = json.loads(body or b"{}")
        asked.append((f"{method} {path.rpartition('/')[2]}", said))
        return Answer(500) if "tags" in said and next(refusals, None) is not None else None

    register_job(db, "long-work", "test/long-work.wanted")
    event = LongWorkWanted(workspace_id=WorkspaceId("acme"), folder=str(tmp_path), seconds=seconds, how="sleeping")
    event_id = send(event)
    [admitted] = admit(capacity=10)
    try:
        worker.says("started!", 60)
        with proxy.failing(note):
            run = ended(create_run(deployment_id, admitted.id, admitted.dispatches))
    finally:
        worker.end()
    assert run.state.is_completed()
    assert (run.name, run.tags) == (f"long-work/acme/{str(event_id)[-12:]}", ["workspace:acme"])
    assert (run.run_count, run.flow_version) == (1, long_work.version)
    assert run.empirical_policy.retries == 0
    assert f"GET {run.id}" not in [what for what, _ in asked]
    states = [body["state"]["name"] for what, body in asked if what == "POST set_state"]
    assert states == ["Pending", "Running", "Completed"]
    changes = [sorted(body) for what, body in asked if what == f"PATCH {run.id}"]
    label = ["empirical_policy", "flow_version", "name", "tags"]
    assert sorted(changes) == [*[label] * (refused + 1), ["infrastructure_pid"]]
    runs = next(place for place, (_, body) in enumerate(asked) if body.get("state", {}).get("name") == "Running")
    assert min(place for place, (_, body) in enumerate(asked) if "tags" in body) > runs


def test_prefects_worker_has_what_ours_leaves_out():
    for each in ("_give_worker_labels_to_flow_run", "_propose_submitting_state"):
        assert callable(getattr(BaseWorker, each)), f"Prefect has no {each} any more: look for what it does instead"
