"""A run finds a process that is there already; what is dead, stopped or of old code is no run's, and none is left."""

import os
import signal
from collections.abc import Callable

import psutil
import pytest
from prefect import get_client
from prefect.client.schemas.sorting import FlowRunSort

from groundwork.deployments.worker.protocol import StartRun
from groundwork.deployments.worker.spare import Spare
from groundwork.deployments.worker.worker import GroundworkWorker
from tests.integration.worker.conftest import alive, ended, ensure_pool, start_worker, told
from tests.integration.zygotes import is_zygote, zygote_of
from tests.waiting import wait_until

Waiting = Callable[[], int]
_START = b'{"start": {"flow_run_id": "any"}}'


@pytest.fixture
def spare(worker) -> Waiting:
    """The spare process of the worker, once it is there without a run beside it."""
    return lambda: spare_of(zygote_of(worker))


def spare_of(zygote: psutil.Process) -> int:
    def find() -> int | None:
        forks = [each.pid for each in zygote.children() if is_zygote(each)]
        # The process of a run that has ended may still be there when the spare one is not there yet.
        return forks[0] if len(forks) == 1 and alive(forks[0]) and forks[0] not in processes_of_runs() else None

    return wait_until(find, 60, what="the spare process alone")


def processes_of_runs() -> set[int]:
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=50)
    return {int(run.infrastructure_pid) for run in runs if (run.infrastructure_pid or "").isdigit()}


def test_a_run_has_the_spare_process_and_the_next_run_another_one(spare: Waiting, submit, tmp_path):
    pids = []
    for _ in range(2):
        waiting = spare()
        assert ended(submit("describe", tmp_path)).state.is_completed()
        assert told(tmp_path)["pid"] == waiting
        pids.append(waiting)
        wait_until(lambda: not alive(pids[-1]), what="the run's process to be gone")
    assert len(set(pids)) == 2


def test_a_spare_process_knows_nothing_of_the_runs_before_it(spare: Waiting, submit, tmp_path):
    (tmp_path / "first").mkdir()
    run = submit("describe", tmp_path / "first", env={"COLOUR": "secret"}, working_dir=str(tmp_path))
    assert ended(run).state.is_completed()
    first = told(tmp_path / "first")
    assert first["colour"] == "secret"
    wait_until(lambda: not alive(first["pid"]), what="the run's process to be gone")
    waiting = spare()
    with open(f"/proc/{waiting}/environ", "rb") as environment:
        assert b"COLOUR" not in environment.read()
    assert ended(submit("describe", tmp_path)).state.is_completed()
    seen = told(tmp_path)
    assert (seen["pid"], seen["colour"]) == (waiting, None)
    assert seen["directory"] != str(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
def test_a_spare_process_that_is_killed_is_replaced_and_costs_no_run(spare: Waiting, submit, tmp_path, number: int):
    killed = spare()
    os.kill(killed, number)
    assert ended(submit("describe", tmp_path)).state.is_completed()
    assert told(tmp_path)["pid"] != killed
    assert not alive(killed)
    assert spare() != killed


def test_a_run_that_finds_its_spare_process_stopped_has_one_forked(spare: Waiting, submit, tmp_path):
    stopped = spare()
    os.kill(stopped, signal.SIGSTOP)
    run = ended(submit("describe", tmp_path))
    assert run.state.is_completed()
    seen = told(tmp_path)
    assert seen["pid"] != stopped
    assert run.infrastructure_pid == str(seen["pid"])
    assert not alive(stopped)


def test_a_spare_process_that_has_just_been_killed_takes_no_run(postgres):
    def never(_: StartRun) -> None:
        raise AssertionError("it has run")

    dead = Spare.fork(lambda: None, never)
    os.kill(dead.pid, signal.SIGKILL)
    assert not dead.take(_START)
    dead.kill()
    assert not alive(dead.pid)


def test_a_spare_process_that_answers_too_late_does_not_begin(postgres, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("groundwork.deployments.worker.spare.ANSWER_SECONDS", 0.2)
    begun = tmp_path / "begun"
    late = Spare.fork(lambda: None, lambda _: begun.touch())
    os.kill(late.pid, signal.SIGSTOP)
    assert not late.take(_START)
    os.kill(late.pid, signal.SIGCONT)
    assert os.waitpid(late.pid, 0)[1] == 0
    assert not begun.exists()


def test_a_spare_process_that_has_answered_begins(postgres, tmp_path):
    begun = tmp_path / "begun"
    prompt = Spare.fork(lambda: None, lambda _: begun.touch())
    assert prompt.take(_START)
    assert os.waitpid(prompt.pid, 0)[1] == 0
    assert begun.exists()


def test_code_that_is_taken_on_leaves_no_spare_process_of_the_code_before(worker, spare: Waiting):
    old, old_zygote = spare(), zygote_of(worker)
    worker.send_signal(signal.SIGHUP)
    wait_until(lambda: not alive(old_zygote.pid), 60, what="the old zygote to end")
    wait_until(lambda: not alive(old), what="its spare process to end")
    assert spare() != old


def test_a_spare_process_ends_with_its_zygote(worker, spare: Waiting):
    old, old_zygote = spare(), zygote_of(worker)
    old_zygote.kill()
    wait_until(lambda: not alive(old), what="the spare process to end")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name)
def test_a_worker_that_ends_leaves_no_spare_process(prefect_api, worker_log, number: int):
    ensure_pool("spared", "groundwork", GroundworkWorker.get_default_base_job_template())
    ending = start_worker("spared", "groundwork", prefect_api, worker_log)
    zygote = zygote_of(ending)
    waiting = spare_of(zygote)
    ending.send_signal(number)
    ending.wait(30)
    wait_until(lambda: not alive(waiting) and not alive(zygote.pid), 30, what="all of the worker to end")
