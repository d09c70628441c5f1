"""The warm worker: runs start in forked copies of a warm process, isolated from each other, and end when told."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from prefect import get_client
from prefect.states import Cancelling, Pending
from prefect.workers.base import BaseWorker

from groundwork.deployments.worker.protocol import StartRun
from groundwork.deployments.worker.spawner import Spawner
from groundwork.deployments.worker.worker import GroundworkWorker
from groundwork.events.inbox.workers import mean_for_workers
from tests.factories import scalar
from tests.integration.worker.conftest import alive, ended, ensure_pool, read_run, start_worker, told
from tests.integration.zygotes import zygote_of
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("worker")


def test_prefect_lists_the_worker_type():
    assert BaseWorker.get_worker_class_from_type("groundwork") is GroundworkWorker


def test_a_run_is_a_process_of_its_own_forked_from_the_zygote(worker, submit, tmp_path):
    run = ended(submit("describe", tmp_path))
    assert run.state.is_completed()
    seen = told(tmp_path)
    assert seen["parent"] == zygote_of(worker).pid
    assert seen["warm"]
    assert run.infrastructure_pid == str(seen["pid"])
    wait_until(lambda: not alive(seen["pid"]), what="the run's process to be gone")


def test_pull_steps_env_and_working_directory_behave_as_with_the_process_worker(submit, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "tests").symlink_to(Path(__file__).resolve().parents[2])
    environment = {"COLOUR": "green", "PREFECT_LOGGING_LEVEL": "WARNING"}
    run = submit(
        "describe",
        tmp_path,
        pull_steps=[{"prefect.deployments.steps.set_working_directory": {"directory": str(elsewhere)}}],
        env=environment,
        working_dir=str(tmp_path),
    )
    assert ended(run).state.is_completed()
    seen = told(tmp_path)
    assert (seen["directory"], seen["colour"], seen["log_level"]) == (str(elsewhere), "green", "WARNING")


def test_module_state_does_not_outlive_a_run(submit, tmp_path):
    for _ in range(2):
        assert ended(submit("remember", tmp_path)).state.is_completed()
        assert told(tmp_path)["seen"] == 1


def test_a_run_that_is_killed_is_crashed_and_the_next_one_runs(submit, tmp_path):
    assert ended(submit("die", tmp_path)).state.is_crashed()
    assert ended(submit("describe", tmp_path)).state.is_completed()


def test_a_run_over_its_memory_limit_fails_and_others_do_not(submit, tmp_path):
    run = ended(submit("hoard", tmp_path, memory_limit_mb=1024))
    assert run.state.is_failed()
    assert "MemoryError" in run.state.message
    assert ended(submit("hoard", tmp_path)).state.is_completed()


@pytest.mark.parametrize("name", ["hang", "hang_on"])
def test_a_cancelled_run_is_stopped_by_sigterm_or_else_by_sigkill(submit, tmp_path, name):
    run_id = submit(name, tmp_path, grace_seconds=1)
    pid = told(tmp_path)["pid"]
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run_id, Cancelling())
    wait_until(lambda: read_run(run_id).state.is_cancelled(), what="the run to be cancelled")
    wait_until(lambda: not alive(pid), what="the cancelled process to be gone")


def test_the_process_of_a_run_that_is_deleted_ends(submit, tmp_path):
    run_id = submit("hang_on", tmp_path, grace_seconds=1)
    pid = told(tmp_path)["pid"]
    with get_client(sync_client=True) as client:
        client.delete_flow_run(run_id)
    wait_until(lambda: not alive(pid), what="the process of the deleted run to be gone")


def test_a_run_whose_zygote_has_died_can_be_cancelled(worker, submit, tmp_path):
    run_id = submit("hang", tmp_path, grace_seconds=1)
    pid = told(tmp_path)["pid"]
    os.kill(zygote_of(worker).pid, signal.SIGKILL)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run_id, Cancelling())
    wait_until(lambda: read_run(run_id).state.is_cancelled(), what="the run to be cancelled")
    wait_until(lambda: not alive(pid), what="the cancelled process to be gone")


def test_a_run_whose_zygote_has_died_and_that_is_killed_then_is_crashed(worker, submit, tmp_path):
    run_id = submit("hang", tmp_path)
    pid = told(tmp_path)["pid"]
    os.kill(zygote_of(worker).pid, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    assert ended(run_id).state.is_crashed()


def test_a_run_whose_zygote_has_died_ends_as_it_would_have(worker, submit, tmp_path):
    run_id = submit("wait_for_file", tmp_path)
    told(tmp_path)
    os.kill(zygote_of(worker).pid, signal.SIGKILL)
    (tmp_path / "go").touch()
    assert ended(run_id).state.is_completed()
    assert ended(submit("describe", tmp_path)).state.is_completed()
    assert read_run(run_id).state.is_completed()


def test_a_dead_zygote_is_replaced(worker, submit, tmp_path):
    old = zygote_of(worker).pid
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: zygote_of(worker).pid != old or not alive(old))
    assert ended(submit("describe", tmp_path)).state.is_completed()
    assert told(tmp_path)["parent"] != old


def test_a_renewed_zygote_takes_new_runs_and_the_old_one_ends_with_its_last(worker, submit, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    slow = submit("wait_for_file", tmp_path / "old")
    told(tmp_path / "old")
    old = zygote_of(worker).pid
    worker.send_signal(signal.SIGHUP)
    children = lambda: [each.pid for each in psutil.Process(worker.pid).children() if each.pid != old]  # noqa: E731
    wait_until(children, 60, what="the new zygote")

    def forked_by_the_new_one() -> bool:
        (tmp_path / "new" / "told.json").unlink(missing_ok=True)
        assert ended(submit("describe", tmp_path / "new")).state.is_completed()
        return told(tmp_path / "new")["parent"] in children()

    wait_until(forked_by_the_new_one, 60, what="a run of the new zygote")
    assert read_run(slow).state.is_running()
    (tmp_path / "old" / "go").touch()
    assert ended(slow).state.is_completed()
    wait_until(lambda: not alive(old), what="the old zygote to end")


def test_sigterm_drains_the_worker_and_loses_no_run(prefect_api, submit, tmp_path, worker_log):
    ensure_pool("drained", "groundwork", GroundworkWorker.get_default_base_job_template())
    worker = start_worker("drained", "groundwork", prefect_api, worker_log)
    slow = submit("wait_for_file", tmp_path, pool="drained")
    told(tmp_path)
    worker.terminate()
    (tmp_path / "go").touch()
    assert ended(slow).state.is_completed()
    assert worker.wait(60) == 0


def test_the_same_flows_run_on_a_stock_process_pool(prefect_api, submit, tmp_path, worker_log):
    from prefect.workers.process import ProcessWorker

    ensure_pool("stock", "process", ProcessWorker.get_default_base_job_template())
    worker = start_worker("stock", "process", prefect_api, worker_log)
    try:
        assert ended(submit("describe", tmp_path, pool="stock"), 90).state.is_completed()
    finally:
        worker.terminate()
        worker.wait(60)


def test_two_workers_on_one_pool_run_each_run_once(prefect_api, submit, tmp_path):
    ensure_pool("shared", "groundwork", GroundworkWorker.get_default_base_job_template())
    # What is imported takes its time: where others are busy, more than a run is given here.
    logs = [tmp_path / f"worker-{number}.log" for number in range(2)]
    workers = [start_worker("shared", "groundwork", prefect_api, log) for log in logs]
    try:
        wait_until(lambda: all("started!" in log.read_text() for log in logs), 120, "both workers to take runs")
        folders = [tmp_path / str(number) for number in range(6)]
        for folder in folders:
            folder.mkdir()
        asked = [submit("describe", folder, pool="shared") for folder in folders]
        runs = [ended(run_id) for run_id in asked]
        assert [(run.state.is_completed(), run.run_count) for run in runs] == [(True, 1)] * 6
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(60)


def test_a_notification_of_the_relay_wakes_the_worker_long_before_its_poll(
    db, prefect_api, submit, tmp_path, worker_log
):
    ensure_pool("sleepy", "groundwork", GroundworkWorker.get_default_base_job_template())
    worker = start_worker("sleepy", "groundwork", prefect_api, worker_log, query_seconds=600)
    try:
        listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %groundwork_posted%'"
        wait_until(lambda: scalar(db, listening) == 2, 60, "the worker to listen beside the session's own")
        known = "SELECT count(*) FROM groundwork.worker WHERE work_pool = 'sleepy'"
        wait_until(lambda: scalar(db, known), 60, "the worker to tell of itself")
        run_id = submit("describe", tmp_path, pool="sleepy")
        with db.transaction() as connection:
            mean_for_workers(connection, {uuid4(): "sleepy"})
        assert ended(run_id, 30).state.is_completed()
    finally:
        worker.terminate()
        worker.wait(60)


def test_where_nothing_can_be_forked_a_run_is_an_interpreter_of_its_own(prefect_api, submit, tmp_path):
    run_id = submit("describe", tmp_path, pool="unattended")
    request = StartRun(flow_run_id=str(run_id), environment=prefect_api, working_dir=str(tmp_path))

    async def run() -> int:
        _, exit_code = await Spawner().run(request)
        return await exit_code

    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run_id, Pending())
    assert asyncio.run(run()) == 0
    assert read_run(run_id).state.is_completed()


def test_nothing_is_in_the_zygote_that_a_fork_would_break():
    from groundwork.deployments.worker.zygote_client import NO_THREADS

    code = (
        "from groundwork.deployments.worker.preload import preload; preload()\n"
        "from groundwork.deployments.worker.zygote import unclean; print(unclean())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **NO_THREADS}, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
