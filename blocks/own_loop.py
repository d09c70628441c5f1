"""An event loop of its own, in which async work runs to its end and which gives way to SIGTERM like plain code."""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")


def run_in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run async work and return what it gives. Called by plain code, wherever that runs.

    What the work raises is raised here. A SIGTERM cancels it, so that its ``finally`` is run, and then does what it
    does to plain code: what the process's handler raises ends the work, whether it heeds the cancellation or not.
    """
    return outside_of_loops(lambda: _run(work))


def outside_of_loops(work: Callable[[], T]) -> T:
    """Do plain work where no event loop runs: here, or in a thread with this one's context where one does, such as that
    of an async test. Meanwhile that loop stands still."""
    if not is_within_a_loop():
        return work()
    with ThreadPoolExecutor(1, thread_name_prefix="own-loop") as thread:
        return thread.submit(copy_context().run, work).result()


def is_within_a_loop() -> bool:
    """Whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _run(work: Coroutine[Any, Any, T]) -> T:
    termination = _Termination()
    with termination:
        try:
            with asyncio.Runner() as runner:
                result = runner.run(termination.cancelling(work))
        finally:
            termination.pass_on()
    return result


class _Termination:
    """SIGTERM while an event loop runs.

    The handler that plain code has raises an error wherever the thread is. In a loop that may be within a task that
    nobody awaits, or within the loop's own callbacks, which only log it, and the process would work on until it is
    killed. So the loop's main task is cancelled, and the error is raised once more when the loop has ended.
    """

    def __init__(self) -> None:
        self._arrived: int | None = None
        self._handler: Any = None
        self._task: asyncio.Task[Any] | None = None

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread() and callable(
            handler := signal.getsignal(signal.SIGTERM)
        ):
            self._handler = handler
            signal.signal(signal.SIGTERM, self._arrive)

    def __exit__(self, *_: object) -> None:
        if self._handler is not None:
            signal.signal(signal.SIGTERM, self._handler)

    async def cancelling(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work as what SIGTERM cancels."""
        self._task = asyncio.current_task()
        if self._arrived is not None and self._task is not None:
            self._task.cancel()
        return await work

    def pass_on(self) -> None:
        """Have the process's own handler deal with a SIGTERM that has arrived."""
        if self._arrived is not None:
            self._handler(self._arrived, None)

    def _arrive(self, number: int, frame: FrameType | None) -> None:
        self._arrived = number
        task = self._task
        if task is None or task.done():
            return
        loop = task.get_loop()
        loop.call_soon_threadsafe(task.cancel)
        if asyncio.current_task(loop) is not None:
            # A task is at work and does not wait: a plain step may be so for minutes.
            self._handler(number, frame)
