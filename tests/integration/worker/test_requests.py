"""What a run of the worker asks of Prefect's server: each request is some milliseconds of its one core."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from prefect.workers.base import BaseWorker

from groundwork.deployments.worker.worker import GroundworkWorker
from tests.integration.prefect_proxy import PrefectProxy, prefect_proxy
from tests.integration.process import Process
from tests.integration.worker.conftest import ended, ensure_pool


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


def test_prefects_worker_has_what_ours_leaves_out():
    for each in ("_give_worker_labels_to_flow_run", "_propose_submitting_state"):
        assert callable(getattr(BaseWorker, each)), f"Prefect has no {each} any more: look for what it does instead"
