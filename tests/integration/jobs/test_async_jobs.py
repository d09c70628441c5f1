"""An async job and its async steps do all that plain ones do, and several steps wait at once. With Prefect's engine."""

import asyncio
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from prefect import get_client

from groundwork.blocks.errors import (
    ConfigurationError,
    Exited,
    Interrupted,
    NonRetriable,
    RetryAfter,
    SeveralErrors,
    StaleAttempt,
)
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import running_attempt, send
from groundwork.events.inbox.admission import admit
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import flow_of, job
from groundwork.tasks.step import step
from tests.factories import delivery_of, register_job, scalar
from tests.integration.jobs.async_job import ScoresWanted, executions, make_scores, note
from tests.integration.jobs.five_steps import StepsWanted, five_steps
from tests.integration.jobs.test_steps_and_jobs import expire_lease
from tests.waiting import wait_until

MODES = ("ordinary", "light")

pytestmark = pytest.mark.usefixtures("prefect_api")

SCORES = ["score-1", "score-2", "score-3"]
STEPS = [*SCORES, "announce", "announce", "last"]


def in_order(done: list[str]) -> list[str]:
    """What was done, with the first three, which were so side by side, in the order of their numbers."""
    return [*sorted(done[:3]), *done[3:]]


@pytest.fixture
def delivery(db, tmp_path):
    register_job(db, "make-scores", "test/scores.wanted", lane=5)
    return deliver(db, tmp_path)


def deliver(db, folder):
    event_id = send(ScoresWanted(workspace_id=WorkspaceId("acme"), folder=str(folder)))
    admit(capacity=10)
    return delivery_of(db, event_id)


@pytest.fixture
def run(db, tmp_path, own_jobs):
    """Run a body as a job of one delivery: how that ended, and the flow run's state."""

    def run(body: Any, **options: Any) -> tuple[Any, Any]:
        made = job(on=ScoresWanted, **options)(body)
        register_job(db, made.name, "test/scores.wanted")
        delivery = deliver(db, tmp_path)
        state = made(delivery_id=delivery.id, return_state=True)
        return delivery_of(db, delivery.event_id), state

    return run


def test_it_claims_awaits_its_steps_side_by_side_and_settles(db, delivery, tmp_path):
    assert make_scores(delivery_id=delivery.id) == 67
    assert in_order(executions(tmp_path)) == STEPS
    settled = delivery_of(db, delivery.event_id)
    assert (settled.state, settled.result, settled.attempt) == ("done", 67, 1)
    assert settled.first_step_at >= settled.claimed_at
    assert scalar(db, "SELECT count(*) FROM groundwork.event WHERE name = 'test/score.made'") == 1


def test_finished_steps_are_not_done_again_by_another_process(db, delivery, tmp_path, prefect_api):
    (tmp_path / "trouble").write_text("kill")
    command = [sys.executable, "-m", "tests.integration.jobs.async_job", str(delivery.id)]
    assert subprocess.run(command, env=prefect_api, capture_output=True).returncode == -9
    (tmp_path / "trouble").unlink()
    expire_lease(db, delivery)
    second = subprocess.run(command, env=prefect_api, capture_output=True, text=True, check=True)
    assert second.stdout.split()[-1] == "67"
    assert in_order(executions(tmp_path)) == [*STEPS, "last"]
    settled = delivery_of(db, delivery.event_id)
    assert (settled.state, settled.attempt) == ("done", 2)
    assert scalar(db, "SELECT count(*) FROM groundwork.event WHERE name = 'test/score.made'") == 1


@pytest.mark.parametrize(
    ("trouble", "raised", "tries"), [("always", ConnectionError, 3), ("input", NonRetriable, 1), ("exit", Exited, 3)]
)
def test_a_step_that_fails_for_good_is_a_dead_letter(db, delivery, tmp_path, trouble, raised, tries):
    (tmp_path / "trouble").write_text(trouble)
    with pytest.raises(raised):
        make_scores(delivery_id=delivery.id)
    assert executions(tmp_path).count("last") == tries
    dead = delivery_of(db, delivery.event_id)
    assert dead.state == "failed"
    assert dead.last_error.startswith(f"{raised.__name__}: ")


@pytest.mark.parametrize(("trouble", "tries"), [("once", 2), ("busy", 2)])
def test_a_step_is_retried_alone(db, delivery, tmp_path, trouble, tries):
    (tmp_path / "trouble").write_text(trouble)
    assert make_scores(delivery_id=delivery.id) == 67
    assert executions(tmp_path).count("last") == tries
    assert in_order(executions(tmp_path))[:3] == SCORES


@pytest.mark.parametrize(("trouble", "raised"), [("stale", StaleAttempt), ("interrupted", Interrupted)])
def test_control_flow_ends_the_run_and_not_the_delivery(db, delivery, tmp_path, trouble, raised):
    (tmp_path / "trouble").write_text(trouble)
    with pytest.raises(raised):
        make_scores(delivery_id=delivery.id)
    assert delivery_of(db, delivery.event_id).state == "running"


def test_a_cancelled_run_ends_while_it_waits(db, delivery, tmp_path, prefect_api):
    (tmp_path / "trouble").write_text("hang")
    command = [sys.executable, "-m", "tests.integration.jobs.async_job", str(delivery.id)]
    process = subprocess.Popen(command, env=prefect_api, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_until(lambda: "last" in executions(tmp_path), 60, "the last step to hang")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM, output
    assert delivery_of(db, delivery.event_id).state == "running"
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(delivery_of(db, delivery.event_id).flow_run_id).state
    assert state.is_crashed(), state
    assert "termination signal" in state.message


def test_a_person_starts_it_with_the_events_fields(db, delivery, tmp_path):
    assert make_scores(workspace_id="acme", folder=str(tmp_path)) == 67
    assert scalar(db, "SELECT count(*) FROM groundwork.event WHERE source = 'person'") == 1


def test_a_provider_that_asks_for_time_keeps_nobody_else_waiting(run, tmp_path):
    @step(retries=1, first_delay=0.01)
    async def busy(folder: str) -> None:
        note(folder, "busy")
        if executions(tmp_path).count("busy") == 1:
            raise RetryAfter("later", seconds=3)

    @step
    async def quick(folder: str, number: int) -> None:
        note(folder, f"quick-{number}")

    async def quicks(folder: str) -> None:
        for number in range(3):
            await quick(folder, number)

    async def one_waits(event: Any) -> None:
        await asyncio.gather(busy(event.folder), quicks(event.folder))

    assert run(one_waits)[0].state == "done"
    done = executions(tmp_path)
    assert sorted(done[:-1]) == ["busy", "quick-0", "quick-1", "quick-2"]
    assert done[-1] == "busy"


def test_a_timeout_ends_a_try(run, tmp_path):
    @step(retries=1, first_delay=0.01, timeout=0.5)
    async def slow(folder: str) -> str:
        note(folder, "slow")
        if executions(tmp_path).count("slow") == 1:
            await asyncio.sleep(60)
        return "at last"

    async def timed(event: Any) -> str:
        return await slow(event.folder)

    delivery, _ = run(timed)
    assert (delivery.state, delivery.result) == ("done", "at last")


@pytest.mark.task_runs
def test_provider_steps_carry_their_tag(run):
    seen = []

    @step(provider=True)
    async def ask(number: int) -> int:
        from prefect.runtime import task_run

        seen.append(sorted(task_run.tags))
        return number

    async def ask_all(event: Any) -> list[int]:
        return await asyncio.gather(*(ask(number) for number in range(3)))

    delivery, _ = run(ask_all)
    assert delivery.result == [0, 1, 2], delivery.last_error
    assert seen == [["workspace:acme"]] * 3


@pytest.mark.parametrize("in_a_thread", [False, True])
def test_a_plain_provider_step_does_not_hold_up_a_loop(run, in_a_thread):
    @step(provider=True)
    def ask_plainly(number: int) -> int:
        return number

    async def ask_once(event: Any) -> int:
        return await asyncio.to_thread(ask_plainly, 1) if in_a_thread else ask_plainly(1)

    delivery, _ = run(ask_once)
    if in_a_thread:
        assert delivery.result == 1
    else:
        assert "step ask-plainly is a plain one with provider=True" in delivery.last_error


@pytest.mark.parametrize("within", ["a plain job", "an async job"])
@pytest.mark.parametrize("form", ["submit", "map"])
def test_async_steps_are_submitted_by_async_and_by_plain_jobs(run, form, within):
    @step
    async def double(number: int) -> int:
        assert running_attempt()
        await asyncio.sleep(0.1)
        return number * 2

    def doubled() -> list[int]:
        if form == "map":
            return double.map([1, 2, 3]).result()
        return [future.result() for future in [double.submit(number) for number in (1, 2, 3)]]

    def plain(event: Any) -> list[int]:
        return doubled()

    async def in_loop(event: Any) -> list[int]:
        return doubled()

    delivery, _ = run(plain if within == "a plain job" else in_loop)
    assert delivery.result == [2, 4, 6], delivery.last_error


def test_a_plain_job_may_run_a_loop_of_its_own(run):
    @step
    async def double(number: int) -> int:
        return number * 2

    def own_loop(event: Any) -> int:
        return asyncio.run(double(4))

    assert run(own_loop)[0].result == 8


def test_a_body_that_raises_fails_its_delivery_and_an_async_hook_is_told(run):
    told = []

    async def tell(event: Any, error: BaseException) -> None:
        await asyncio.sleep(0)
        told.append((str(error), running_attempt().job))

    async def hopeless(event: Any) -> None:
        await asyncio.sleep(0)
        raise ValueError("no such score")

    delivery, state = run(hopeless, on_failure=tell)
    assert (delivery.state, delivery.last_error) == ("failed", "ValueError: no such score")
    assert state.is_failed()
    assert told == [("no such score", "hopeless")]


def test_of_a_group_each_error_is_in_the_dead_letter(run):
    begun = []

    @step(retries=0)
    async def fail() -> None:
        while not begun:
            await asyncio.sleep(0.01)
        raise ValueError("no 1")

    @step(retries=0)
    async def fail_when_cancelled() -> None:
        begun.append(True)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("no 2") from None

    async def together(event: Any) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            group.create_task(fail_when_cancelled())

    delivery, _ = run(together)
    assert delivery.state == "failed"
    assert delivery.last_error.startswith(SeveralErrors.__name__)
    assert "ValueError: no 1" in delivery.last_error
    assert "ValueError: no 2" in delivery.last_error


def test_a_batch_may_be_async(db, tmp_path):
    @job(on=StepsWanted, batch=Batch(size=2, wait=60))
    async def answer_both(events: list[Any]) -> list[Any]:
        await asyncio.sleep(0)
        return [1, ValueError("not this one")]

    register_job(db, "answer-both", "test/steps.wanted", batch_size=2)
    events = [send(StepsWanted(workspace_id=WorkspaceId("acme"), folder="x")) for _ in range(2)]
    admit(capacity=1)
    answer_both(delivery_id=delivery_of(db, events[0]).id)
    assert [delivery_of(db, each).state for each in events] == ["done", "failed"]


def test_events_that_tasks_of_a_body_send_are_each_sent_once(db, run):
    async def send_twice(event: Any) -> None:
        async def send_one() -> None:
            await asyncio.sleep(0)
            send(StepsWanted(workspace_id=event.workspace_id, folder="the same"))

        await asyncio.gather(send_one(), send_one())
        if running_attempt().token == 1:
            raise Interrupted

    delivery, _ = run(send_twice)
    expire_lease(db, delivery)
    flow_of("send-twice")(delivery_id=delivery.id)
    assert delivery_of(db, delivery.event_id).state == "done"
    assert scalar(db, "SELECT count(*) FROM groundwork.event WHERE name = 'test/steps.wanted'") == 2


def test_an_async_step_that_writes_to_our_database_is_told_how():
    with pytest.raises(ConfigurationError, match=r"may not be open while something is awaited\. Write `def keep\("):

        @step(ledger=True)
        async def keep(connection: Any, number: int) -> None: ...


def test_a_job_runs_within_the_event_loop_of_a_test(delivery):
    async def test() -> Any:
        return make_scores(delivery_id=delivery.id)

    assert asyncio.run(test()) == 67


def test_the_lease_is_renewed_while_it_waits(db, run, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_LEASE_SECONDS", "5")
    from groundwork.blocks.process_cache import forget

    async def wait(event: Any) -> bool:
        await asyncio.sleep(7)
        left = scalar(
            db, "SELECT lease_expires_at > clock_timestamp() FROM groundwork.delivery WHERE state = 'running'"
        )
        return bool(left)

    forget()
    try:
        assert run(wait)[0].result is True
    finally:
        monkeypatch.undo()
        forget()


def test_a_step_left_in_a_task_fails_the_job(run, tmp_path):
    @step
    async def slow(folder: str) -> None:
        await asyncio.sleep(60)

    async def leave(event: Any) -> None:
        task = asyncio.create_task(slow(event.folder))
        await asyncio.sleep(0.5)
        assert not task.done()

    began = time.monotonic()
    delivery, _ = run(leave)
    assert delivery.state == "failed"
    assert "job leave ended before its async steps did: slow" in delivery.last_error
    assert time.monotonic() - began < 30


def test_plain_jobs_still_run(db, tmp_path):
    register_job(db, "five-steps", "test/steps.wanted", lane=5)
    assert five_steps(workspace_id="acme", folder=str(tmp_path)) == 150
