"""What is called where it would lose its delivery is refused, with the way to do it; what was begun is waited for."""

import asyncio
import contextvars
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import running_attempt, send
from groundwork.events.inbox.admission import admit
from groundwork.flows.job import job
from groundwork.tasks.step import step
from tests.factories import delivery_of, register_job, scalar
from tests.integration.jobs.five_steps import StepsWanted, five_steps

MODES = ("ordinary", "light")

pytestmark = pytest.mark.usefixtures("prefect_api")

seen: list[Any] = []


@pytest.fixture
def run(db, own_jobs):
    """The delivery of a run of a body."""

    def run(body: Callable[[Any], Any]) -> Any:
        made = job(on=StepsWanted)(body)
        register_job(db, made.name, "test/steps.wanted")
        event_id = send(StepsWanted(workspace_id=WorkspaceId("acme"), folder="the first"))
        admit(capacity=10)
        made(delivery_id=delivery_of(db, event_id).id, return_state=True)
        return delivery_of(db, event_id)

    seen.clear()
    return run


def events(db) -> int:
    """How many events were sent besides the first."""
    return scalar(db, "SELECT count(*) FROM groundwork.event") - 1


@step(retries=1, first_delay=0.01)
def inner(number: int) -> int:
    seen.append(f"inner {number}")
    send(StepsWanted(workspace_id=running_attempt().event.workspace_id, folder="from inner"))
    return number + 1


@step(retries=1, first_delay=0.01)
async def async_inner(number: int) -> int:
    seen.append(f"inner {number}")
    return number + 1


# A step within a step


@step(retries=1, first_delay=0.01)
def outer_calling(number: int) -> int:
    seen.append("outer")
    return inner(number)


@step(retries=1, first_delay=0.01)
def outer_submitting(number: int) -> int:
    seen.append("outer")
    return inner.submit(number).result()


@step(retries=1, first_delay=0.01)
def outer_mapping(number: int) -> int:
    seen.append("outer")
    return sum(inner.map([number]).result())


@step(retries=1, first_delay=0.01, provider=True)
def outer_provider(number: int) -> int:
    seen.append("outer")
    return inner(number)


@pytest.mark.parametrize("outer", [outer_calling, outer_submitting, outer_mapping, outer_provider])
def test_a_step_within_a_step_is_refused_at_its_first_call(db, run, outer):
    def nest(event: Any) -> int:
        return outer(1)

    delivery = run(nest)
    assert delivery.state == "failed"
    assert f"step inner is called within step {outer.name}" in delivery.last_error
    assert "inner.fn(…)" in delivery.last_error
    assert (seen, events(db)) == (["outer"], 0)


def test_so_is_an_async_one(run):
    @step(retries=1, first_delay=0.01)
    async def async_outer(number: int) -> int:
        return await async_inner(number)

    async def nest_async(event: Any) -> int:
        return await async_outer(1)

    assert "step async-inner is called within step async-outer" in run(nest_async).last_error


def test_the_plain_function_of_a_step_is_a_part_of_the_step_that_calls_it(db, run):
    @step(retries=1, first_delay=0.01)
    def outer(number: int) -> int:
        seen.append("outer")
        result = inner.fn(number) + inner.fn(number)
        if seen.count("outer") == 1:
            raise ConnectionError("after both")
        return result

    def use(event: Any) -> int:
        return outer(1)

    delivery = run(use)
    assert (delivery.state, delivery.result) == ("done", 4)
    assert seen == ["outer", "inner 1", "inner 1"] * 2
    assert events(db) == 2


# Threads


def in_a_thread(work: Callable[[], Any]) -> Any:
    result: list[Any] = []

    def target() -> None:
        try:
            result.append(work())
        except BaseException as error:
            result.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


def in_a_pool(work: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def in_an_executor(work: Callable[[], Any]) -> Any:
    async def run() -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, work)

    return asyncio.run(run())


def with_the_context(work: Callable[[], Any]) -> Any:
    context = contextvars.copy_context()
    return in_a_pool(lambda: context.run(work))


def by_to_thread(work: Callable[[], Any]) -> Any:
    return asyncio.run(asyncio.to_thread(work))


def send_one() -> None:
    send(StepsWanted(workspace_id=WorkspaceId("acme"), folder="from a thread"))


WORK = {
    "step": (lambda: inner(1), "step inner"),
    "submitted step": (lambda: inner.submit(1).result(), "step inner"),
    "plain function of a step": (lambda: inner.fn(1), "step inner"),
    "event": (send_one, r"send\(StepsWanted\(…\)\)"),
    "attempt": (running_attempt, r"running_attempt\(\)"),
    "job": (lambda: five_steps(workspace_id="acme", folder="x"), "job five-steps"),
}


@pytest.mark.parametrize("threads", [in_a_thread, in_a_pool, in_an_executor])
@pytest.mark.parametrize(("work", "words"), WORK.values(), ids=WORK)
def test_a_thread_without_the_jobs_context_is_refused(db, run, threads, work, words):
    def body(event: Any) -> None:
        with pytest.raises(ConfigurationError, match=f"{words} is called in a thread .*copy_context"):
            threads(work)

    delivery = run(body)
    assert (delivery.state, delivery.last_error) == ("done", None)
    assert (seen, events(db)) == ([], 0)


@pytest.mark.parametrize("threads", [with_the_context, by_to_thread])
def test_a_thread_with_the_jobs_context_works_for_its_delivery(db, run, threads):
    def body(event: Any) -> int:
        threads(send_one)
        return threads(lambda: inner(1))

    delivery = run(body)
    assert (delivery.state, delivery.result) == ("done", 2), delivery.last_error
    assert events(db) == 2


def test_a_thread_that_was_there_before_the_job_is_not_its_own(db, run):
    with ThreadPoolExecutor(1) as server:
        server.submit(int).result()

        def body(event: Any) -> None:
            server.submit(send_one).result()

        assert run(body).state == "done"
    assert events(db) == 1


# A job within a job


CALLS = {
    "its own way": lambda event: five_steps(workspace_id="acme", folder="x"),
    "with the event": lambda event: five_steps(event),
    "in a loop": lambda event: asyncio.run(five_steps(event)),
    "with other options": lambda event: five_steps.with_options(retries=0)(workspace_id="acme", folder="x"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("place", ["body", "step", "async body"])
def test_a_job_that_calls_a_job_is_told_to_invoke_it_or_to_send(db, run, call, place):
    @step
    def in_step(event: StepsWanted) -> None:
        call(event)

    def calling(event: Any) -> None:
        if place == "step":
            in_step(event)
        call(event)

    async def calling_async(event: Any) -> None:
        call(event)

    delivery = run(calling_async if place == "async body" else calling)
    assert delivery.state == "failed"
    assert "calls job five-steps" in delivery.last_error
    assert "invoke('five-steps', event)" in delivery.last_error
    assert events(db) == 0


# The end of the process


@pytest.mark.parametrize("code", [0, 3, "no such file"])
@pytest.mark.parametrize("place", ["body", "step", "submitted step"])
def test_a_job_that_exits_has_failed(run, code, place):
    @step(retries=1, first_delay=0.01)
    def exiting() -> None:
        seen.append("exiting")
        sys.exit(code)

    def leaving(event: Any) -> None:
        if place == "step":
            exiting()
        if place == "submitted step":
            exiting.submit().result()
        sys.exit(code)

    delivery = run(leaving)
    assert delivery.state == "failed"
    assert f"raised SystemExit: {code}. It ends by returning" in delivery.last_error
    assert len(seen) == (0 if place == "body" else 2)


# What was submitted


def test_a_job_is_done_when_what_it_submitted_is(run):
    @step
    def slow() -> None:
        time.sleep(1)
        seen.append("slow")

    def leave(event: Any) -> str:
        for _ in range(2):
            slow.submit()
        return "done"

    delivery = run(leave)
    assert (delivery.state, delivery.result) == ("done", "done")
    assert seen == ["slow", "slow"]


@pytest.mark.parametrize("asks", [True, False])
def test_an_error_of_a_submitted_step_that_nobody_asks_for_fails_the_job(run, asks):
    @step(retries=0)
    def fail(number: int) -> None:
        raise ValueError(f"no {number}")

    def leave(event: Any) -> str:
        futures = [fail.submit(1), *fail.map([2])]
        if asks:
            for each in futures:
                each.result(raise_on_failure=False)
        else:
            time.sleep(1)
        return "went on"

    delivery = run(leave)
    if asks:
        assert (delivery.state, delivery.result) == ("done", "went on")
    else:
        assert (delivery.state, delivery.last_error) == ("failed", "ValueError: no 1")
