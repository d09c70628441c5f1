"""The body of a job, run to its end: plain or async, with all the steps that it has begun, and with one error."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any

from prefect.context import AsyncClientContext, FlowRunContext
from prefect.exceptions import ExternalSignal, PrefectSignal

from groundwork.blocks.errors import ControlFlow, Postponed, SeveralErrors, StaleAttempt, Suspended
from groundwork.blocks.exits import as_failure
from groundwork.blocks.own_loop import run_in_own_loop
from groundwork.blocks.plain_function import is_async
from groundwork.blocks.retry import database_went_away
from groundwork.events.inbox import Attempt
from groundwork.events.inbox.put_off import put_off
from groundwork.flows.registry import JobSpec
from groundwork.tasks.provider_limit import prefect_went_away
from groundwork.tasks.step_calls import StepCalls, noting_calls


def run_body(spec: JobSpec, attempt: Attempt) -> Any:
    """Run a job's function for an attempt.

    Returns:
        What it returned, once each step that it has called or submitted has ended.

    Raises:
        ControlFlow, Suspended: the run ends, and its delivery does not.
        Exited: the function raised SystemExit or the like, which would have ended the process.
        SeveralErrors: several steps that ran side by side have failed.
        ConfigurationError: an async step was called and not awaited.
        Exception: what the function raised, or a step that it submitted and did not ask for its result.
    """
    attempt.may_wait = not spec.options.batch
    try:
        return _run_function(spec, attempt)
    except Postponed as postponed:
        raise put_off(attempt, postponed.put_off) from None


def _run_function(spec: JobSpec, attempt: Attempt) -> Any:
    argument = [member.event for member in attempt.members] if spec.options.batch else attempt.event
    with _one_error(f"job {spec.name}"), noting_calls() as calls:
        try:
            if is_async(spec.body):
                result = run_in_own_loop(_awaited(spec, argument, calls))
            else:
                result = spec.body(argument)
                calls.require_awaited(spec.name)
            calls.collect()
        except Postponed:
            # What was submitted, by async jobs too: the next run need not do it again.
            calls.let_submitted_end()
            raise
        return result


async def _awaited(spec: JobSpec, argument: Any, calls: StepCalls) -> Any:
    # Each async step would open a client of Prefect's of its own, and with it a connection.
    async with AsyncClientContext.get_or_create() if FlowRunContext.get() else nullcontext():
        try:
            result = await spec.body(argument)
        except Postponed:
            await calls.let_end()
            raise
        await calls.settle()
        calls.require_awaited(spec.name)
        return result


@contextmanager
def _one_error(what: str) -> Iterator[None]:
    """Let whatever is raised within the block be one Exception. Signals to the process pass."""
    with _noting_interrupts() as interrupts:
        try:
            yield
        except BaseExceptionGroup as group:
            raise _of_group(group, what) from group
        except (PrefectSignal, ExternalSignal, Suspended, Postponed, Exception):
            raise
        except KeyboardInterrupt as error:
            if interrupts:
                raise
            raise as_failure(error, what) from error
        except BaseException as error:
            raise as_failure(error, what) from error


def _of_group(group: BaseExceptionGroup[BaseException], what: str) -> BaseException:
    """What a group amounts to: a signal, the end of the run, an outage, its only error, or several."""
    errors = list(_leaves(group))
    # What is done beside a wait is done by a stale attempt once the delivery waits.
    kinds = (PrefectSignal, ExternalSignal), Suspended, StaleAttempt, Postponed, ControlFlow
    for kind in kinds:
        if found := next((each for each in errors if isinstance(each, kind)), None):
            return found
    failures = [each if isinstance(each, Exception) else as_failure(each, what) for each in errors]
    for each in failures:
        if len(failures) == 1 or database_went_away(each) or prefect_went_away(each):
            return each
    return SeveralErrors("; ".join(f"{type(each).__name__}: {each}" for each in failures))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


@contextmanager
def _noting_interrupts() -> Iterator[list[int]]:
    """Note each Ctrl-C, which is a person's, so that it can be told from a KeyboardInterrupt that code raises."""
    came: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)
        signal.default_int_handler(number, frame)

    if threading.current_thread() is not threading.main_thread() or before is not signal.default_int_handler:
        if before is not signal.default_int_handler:
            came.append(signal.SIGINT)  # nobody knows what this handler does
        yield came
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, before)
