"""The calls of steps that a job has begun: each has to end, and to be looked at, before the job does."""

import asyncio
import inspect
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from prefect.futures import PrefectConcurrentFuture, PrefectFuture, PrefectFutureList

from groundwork.blocks.errors import ConfigurationError, Postponed, PutOff
from groundwork.tasks.light_future import LightFuture, LightFutures

R = TypeVar("R")

SETTLE_SECONDS = 10.0
"""What a task that was cancelled gets to end in, before its job is told that it is still under way."""


class StepFuture(PrefectConcurrentFuture[R]):
    """A step that was submitted.

    Attributes:
        was_asked: somebody has asked how it ended.
    """

    was_asked = False

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> R:
        """What the step returned, once it has; or its error is raised."""
        self.was_asked = True
        try:
            return super().result(timeout, raise_on_failure)
        except Exception as error:
            raise beyond_handlers(error) from error.__cause__

    @property
    def state(self) -> Any:
        """The task run's state."""
        self.was_asked = True
        return super().state


def beyond_handlers(error: Exception) -> BaseException:
    """The error itself; or, where its step is put off, what no handler of errors in the job's body sees."""
    put_off = PutOff.take_from(error)
    return error if put_off is None else Postponed(put_off)


class StepCalls:
    """Those of one run of a job's body.

    What was called and not awaited would be lost in silence: Python drops such a coroutine, an event loop cancels what
    is under way when it ends, and Prefect cancels what was submitted and has not begun.
    """

    def __init__(self) -> None:
        self._coroutines: list[tuple[str, Coroutine[Any, Any, Any]]] = []
        self._futures: list[StepFuture[Any] | LightFuture[Any]] = []

    def note_coroutine(self, step: str, call: Coroutine[Any, Any, Any]) -> None:
        """Note a call of an async step."""
        self._coroutines.append((step, call))

    def note_future(self, future: "StepFuture[Any] | LightFuture[Any]") -> None:
        """Note a step that was submitted."""
        self._futures.append(future)

    async def settle(self) -> None:
        """Let tasks that were cancelled end. Called in the job's event loop, before :meth:`require_awaited`."""
        if cancelled := [task for task in asyncio.all_tasks() if task.cancelling()]:
            await asyncio.wait(cancelled, timeout=SETTLE_SECONDS)

    async def let_end(self) -> None:
        """Wait for the async steps that are under way, so that the next run need not do them again."""
        begun = {id(call) for _, call in self._coroutines}
        if tasks := [each for each in asyncio.all_tasks() if id(each.get_coro()) in begun]:
            await asyncio.wait(tasks)

    def let_submitted_end(self) -> None:
        """Wait for the steps that were submitted."""
        for future in self._futures:
            future.wait()

    def require_awaited(self, job: str) -> None:
        """Refuse the end of a job that has not awaited its async steps.

        Raises:
            ConfigurationError: it has not; the message names the steps.
        """
        steps = self._under_way()
        if not steps:
            return
        call = steps[0].replace("-", "_")
        raise ConfigurationError(
            f"job {job} ended before its async steps did: {', '.join(steps)}. Write `await {call}(…)` in an `async "
            f"def` job, or await asyncio.gather(…) of several; in a plain job {call}.submit(…).result()"
        )

    def collect(self) -> None:
        """Wait for what was submitted.

        Raises:
            Exception: a step has failed, and the job has not asked.
        """
        for future in self._futures:
            if not future.was_asked:
                future.result()

    def require_ended(self, call: str) -> None:
        """Wait for what was submitted, and refuse to go on beside an async step that is under way.

        Args:
            call: what is about to end the run, and with it whatever is under way.

        Raises:
            ConfigurationError: an async step is under way; the message names it.
        """
        self.let_submitted_end()
        if steps := self._under_way():
            raise ConfigurationError(
                f"{call}: {', '.join(steps)} is under way, and would end with this run. Await it before the wait"
            )

    def _under_way(self) -> list[str]:
        """Names of the async steps that were called and have not ended."""
        return sorted({step for step, call in self._coroutines if _state(call) != inspect.CORO_CLOSED})

    def close(self) -> None:
        """Drop what was never awaited, so that Python does not warn of it a second time."""
        for _, call in self._coroutines:
            if _state(call) == inspect.CORO_CREATED:
                call.close()


def _state(call: Coroutine[Any, Any, Any]) -> str:
    return inspect.getcoroutinestate(call)


_calls: ContextVar[StepCalls | None] = ContextVar("step_calls", default=None)


@contextmanager
def noting_calls() -> Iterator[StepCalls]:
    """Note the calls of steps within the block, in its threads and tasks too."""
    calls = StepCalls()
    mark = _calls.set(calls)
    try:
        yield calls
    finally:
        _calls.reset(mark)
        calls.close()


def is_in_body() -> bool:
    """Whether the calling code is a job's body, or called by it; a hook such as ``on_failure`` is not."""
    return _calls.get() is not None


def require_ended_steps(call: str) -> None:
    """See :meth:`StepCalls.require_ended`, of the run of the calling code."""
    if (calls := _calls.get()) is not None:
        calls.require_ended(call)


def noted_call(step: str, called: Any) -> Any:
    """What calling a step gave, noted where it has to be awaited."""
    if (calls := _calls.get()) is not None and inspect.iscoroutine(called):
        calls.note_coroutine(step, called)
    return called


def noted_future(future: Any) -> Any:
    """A step's future, or a list of them, noted where a job runs."""
    if (calls := _calls.get()) is None:
        return future
    if isinstance(future, LightFuture | LightFutures):
        for each in [future] if isinstance(future, LightFuture) else future:
            calls.note_future(each)
        return future
    if isinstance(future, PrefectFutureList):
        return PrefectFutureList(_noted(each, calls) for each in future)  # type: ignore[abstract]  # it is a list
    return _noted(future, calls)


def _noted(future: PrefectFuture[Any], calls: StepCalls) -> PrefectFuture[Any]:
    if not isinstance(future, PrefectConcurrentFuture):
        return future
    noted: StepFuture[Any] = StepFuture(future.task_run_id, future.wrapped_future)
    calls.note_future(noted)
    return noted
