"""A job's body ends with a result, with one Exception, or with a signal: nothing else gets out of it."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
from prefect.exceptions import TerminationSignal
from sqlalchemy.exc import OperationalError

from groundwork.blocks.errors import ConfigurationError, Exited, Interrupted, SeveralErrors, StaleAttempt, Suspended
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import Attempt
from groundwork.events.inbox.attempt import Member
from groundwork.flows.body import run_body
from groundwork.flows.flow_control import Batch
from groundwork.flows.job_options import JobOptions
from groundwork.flows.registry import JobSpec
from groundwork.tasks.step import step


class BodyWanted(Event, name="body-test/body.wanted"):
    pass


EVENT = BodyWanted(workspace_id=WorkspaceId("acme"))
ATTEMPT = Attempt(
    job="greet",
    token=1,
    correlation_id=UUID(int=1),
    delivery_id=UUID(int=2),
    event_id=UUID(int=3),
    workspace_id="acme",
    depth=0,
    members=[Member(UUID(int=2), UUID(int=3), UUID(int=4), EVENT)],
)


class Quit(BaseException):
    """A base exception of somebody's own."""


def run(body: Callable[[Any], Any], **options: Any) -> Any:
    return run_body(JobSpec(name="greet", options=JobOptions(on=BodyWanted, **options), body=body), ATTEMPT)


def plain(error: BaseException) -> Callable[[Any], Any]:
    def body(event: Event) -> None:
        raise error

    return body


def in_a_loop(error: BaseException) -> Callable[[Any], Any]:
    async def body(event: Event) -> None:
        await asyncio.sleep(0)
        raise error

    return body


def in_a_gathered_task(error: BaseException) -> Callable[[Any], Any]:
    async def body(event: Event) -> None:
        await asyncio.gather(in_a_loop(error)(event), asyncio.sleep(60))

    return body


def in_a_group(error: BaseException) -> Callable[[Any], Any]:
    async def body(event: Event) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(in_a_loop(error)(event))
            group.create_task(asyncio.sleep(60))

    return body


BODIES = [plain, in_a_loop, in_a_gathered_task, in_a_group]


@pytest.mark.parametrize("form", BODIES)
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (SystemExit(), "SystemExit"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (Quit("enough"), "Quit: enough"),
    ],
    ids=["exit", "quiet exit", "interrupt", "own"],
)
def test_what_would_end_the_process_is_a_failure(form: Any, error: BaseException, words: str):
    with pytest.raises(Exited, match=f"job greet raised {words}. It ends by returning"):
        run(form(error))


@pytest.mark.parametrize("form", [plain, in_a_loop])
@pytest.mark.parametrize("error", [GeneratorExit(), asyncio.CancelledError()])
def test_so_is_what_generators_and_tasks_end_with(form: Any, error: BaseException):
    with pytest.raises(Exited, match=f"job greet raised {type(error).__name__}"):
        run(form(error))


@pytest.mark.parametrize("form", BODIES)
@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        CancelledError(),
        StaleAttempt(),
        Interrupted(),
        OperationalError("", {}, Exception()),
        httpx.ConnectError("away", request=httpx.Request("GET", "http://crm")),
    ],
    ids=lambda each: type(each).__name__,
)
def test_an_error_stays_what_it_is_in_a_group_too(form: Any, error: Exception):
    with pytest.raises(type(error)) as raised:
        run(form(error))
    assert raised.value is error


@pytest.mark.parametrize("form", [plain, in_a_loop, in_a_gathered_task])
def test_a_termination_is_none_of_a_jobs_errors(form: Any):
    with pytest.raises(TerminationSignal):
        run(form(TerminationSignal(signal.SIGTERM)))


def test_a_persons_ctrl_c_is_not_taken_for_a_failure():
    def body(event: Event) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(5)

    async def async_body(event: Event) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(5)

    for each in (body, async_body):
        with pytest.raises(KeyboardInterrupt):
            run(each)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_of_several_errors_each_is_told():
    def body(event: Event) -> None:
        raise ExceptionGroup("both", [ValueError("a"), ExceptionGroup("inner", [KeyError("b")])])

    with pytest.raises(SeveralErrors, match="ValueError: a; KeyError: 'b'"):
        run(body)


def test_the_end_of_the_run_goes_before_the_errors_beside_it():
    def body(event: Event) -> None:
        raise ExceptionGroup("both", [ValueError("a"), Interrupted(), StaleAttempt()])

    with pytest.raises(StaleAttempt):
        run(body)


def test_a_batch_may_be_async():
    async def body(events: list[Event]) -> list[int]:
        await asyncio.sleep(0)
        return [len(events)]

    assert run(body, batch=Batch(size=2, wait=1)) == [1]


@step
async def charge_card(number: int) -> int:
    return number


@pytest.mark.parametrize("form", ["plain", "async"])
def test_a_step_that_is_not_awaited_fails_the_job_and_is_named(form: str, recwarn: pytest.WarningsRecorder):
    def body(event: Event) -> None:
        charge_card(1)

    async def async_body(event: Event) -> None:
        charge_card(1)

    with pytest.raises(ConfigurationError, match=r"job greet ended before .* charge-card\. Write `await charge_card"):
        run({"plain": body, "async": async_body}[form])
    assert [each for each in recwarn if "never awaited" in str(each.message)] == []


def test_a_step_that_was_cancelled_on_purpose_need_not_be_awaited():
    async def body(event: Event) -> str:
        task = asyncio.create_task(charge_card(1))
        task.cancel()
        return "without it"

    assert run(body) == "without it"


def test_a_failure_of_the_body_hides_no_error_behind_a_missing_await():
    def body(event: Event) -> None:
        charge_card(1)
        raise ValueError("the true one")

    with pytest.raises(ValueError, match="the true one"):
        run(cast("Any", body))


def test_what_was_beside_a_wait_is_stale_and_the_run_is_suspended_all_the_same():
    def body(event: Event) -> None:
        raise BaseExceptionGroup("tasks", [StaleAttempt("a later one's"), Suspended("a: its time")])

    with pytest.raises(Suspended, match="its time"):
        run(body)
