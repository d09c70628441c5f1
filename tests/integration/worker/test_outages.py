"""Whatever Prefect answers, the worker goes on in its process, tells the cure once, and takes the runs that waited."""

import os
import signal
import sys
from collections.abc import Iterator

import pytest
from prefect.workers.process import ProcessWorker

from groundwork.deployments.worker.worker import GroundworkWorker
from tests.integration.prefect_proxy import Answer, PrefectProxy, always, prefect_proxy
from tests.integration.process import Process
from tests.integration.worker.conftest import ended, ensure_pool, read_run, told
from tests.integration.zygotes import zygote_of
from tests.waiting import wait_until

ANSWERS = {
    "500": (Answer(500), "answers 500"),
    "401": (Answer(401, b'{"exception_message": "Unauthorized"}'), "PREFECT_API_AUTH_STRING"),
    "422": (Answer(422, b'{"detail": "everything is refused"}'), "everything is refused"),
    "no JSON": (Answer(200, b"<html>Welcome to the hotel's network"), "makes no sense"),
}


@pytest.fixture(scope="module")
def proxy(prefect_api: dict[str, str]) -> Iterator[PrefectProxy]:
    with prefect_proxy(prefect_api["PREFECT_API_URL"]) as running:
        yield running


@pytest.fixture(scope="module")
def worker(
    postgres: object, proxy: PrefectProxy, prefect_api: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Process]:
    """A worker that asks the proxy, of the pool `shaky`. A shell in the background had it ignore SIGINT."""
    ensure_pool("shaky", "groundwork", GroundworkWorker.get_default_base_job_template())
    start = "trap '' INT; exec \"$0\" -m prefect worker start --pool shaky --type groundwork"
    process = Process(
        ["sh", "-c", start, sys.executable],
        {**prefect_api, **proxy.environment, "PREFECT_WORKER_QUERY_SECONDS": "0.3"},
        tmp_path_factory.mktemp("worker") / "worker.log",
    )
    process.says("started!", 60)
    yield process
    process.end()


@pytest.mark.parametrize(("answer", "cure"), ANSWERS.values(), ids=ANSWERS)
def test_the_worker_outlives_what_prefect_answers(worker, proxy, submit, tmp_path, answer: Answer, cure: str):
    worker.forget()
    pid = worker.pid
    with proxy.failing(always(answer)):
        waiting = submit("describe", tmp_path, pool="shaky")
        worker.says(cure)
        wait_until(lambda: proxy.answered.total() > 3, 30, "several tries")
        assert worker.logged.count(cure) == 1
    assert ended(waiting).state.is_completed()
    worker.says("Prefect is back after")
    assert worker.pid == pid


@pytest.mark.parametrize("path", ["/api/deployments/", "/api/flow_runs/"])
def test_a_request_that_fails_while_a_run_is_taken_on_costs_no_other_run(worker, proxy, submit, tmp_path, path: str):
    pid = worker.pid
    (tmp_path / "under way").mkdir()
    under_way = submit("wait_for_file", tmp_path / "under way", pool="shaky")
    told(tmp_path / "under way")
    with proxy.failing(lambda _, asked, __: Answer(500) if asked.startswith(path) else None):
        waiting = submit("describe", tmp_path, pool="shaky")
        wait_until(lambda: proxy.answered.total() > 1, 30, "requests that fail")
    assert ended(waiting).state.is_completed()
    (tmp_path / "under way" / "go").touch()
    assert ended(under_way).state.is_completed()
    assert worker.pid == pid


def test_a_stopped_zygote_is_replaced_and_its_run_starts(worker, submit, tmp_path):
    stopped = zygote_of(worker).pid
    os.kill(stopped, signal.SIGSTOP)
    assert ended(submit("describe", tmp_path, pool="shaky"), 90).state.is_completed()
    assert told(tmp_path)["parent"] != stopped
    worker.says("took no run (TimeoutError), and was killed")


def test_a_work_pool_of_another_type_is_told_of_and_its_runs_are_left_alone(prefect_api, submit, tmp_path):
    ensure_pool("other", "process", ProcessWorker.get_default_base_job_template())
    waiting = submit("describe", tmp_path, pool="other")
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "other", "--type", "groundwork"]
    worker = Process(command, prefect_api, tmp_path / "worker.log")
    try:
        worker.says("is of type process, and this worker of type groundwork: it takes no runs", 60)
        assert read_run(waiting).state.is_scheduled()
    finally:
        worker.end()


@pytest.mark.runs_last
def test_the_first_sigterm_ends_a_worker_that_inherited_sigint_as_ignored(worker):
    worker.signal(signal.SIGTERM)
    assert worker.wait(30) == 0
