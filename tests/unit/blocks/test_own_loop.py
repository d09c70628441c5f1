"""Async work ends as plain code does: with its result, its error, or the signal that ended it."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from groundwork.blocks.own_loop import run_in_own_loop

place: ContextVar[str] = ContextVar("place")


class Terminated(BaseException):
    """What the process's handler of SIGTERM raises."""


@pytest.fixture
def terminable() -> Iterator[None]:
    def handler(*_: object) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, handler)
    yield
    assert signal.signal(signal.SIGTERM, before) is handler


def terminate_soon(seconds: float = 0.1) -> None:
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM)).start()


async def where() -> str:
    await asyncio.sleep(0)
    return place.get()


def test_the_work_has_the_callers_context_and_gives_its_result():
    place.set("here")
    assert run_in_own_loop(where()) == "here"


def test_within_a_running_loop_it_is_done_beside_it_in_the_same_context():
    async def test_of_somebody() -> str:
        place.set("in the loop")
        return run_in_own_loop(where())

    assert asyncio.run(test_of_somebody()) == "in the loop"


@pytest.mark.parametrize("error", [ValueError("no"), asyncio.CancelledError("no"), SystemExit(3)])
def test_what_it_raises_is_raised(error: BaseException):
    async def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        run_in_own_loop(fail())


@pytest.mark.usefixtures("terminable")
def test_sigterm_cancels_what_waits_and_its_last_words_are_heard():
    heard = []

    async def wait(name: str) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            heard.append(name)

    async def work() -> None:
        await asyncio.gather(wait("one"), wait("two"))

    terminate_soon()
    with pytest.raises(Terminated):
        run_in_own_loop(work())
    assert heard == ["one", "two"]


@pytest.mark.usefixtures("terminable")
def test_sigterm_ends_plain_code_within_a_task_at_once():
    async def work() -> None:
        time.sleep(60)

    began = time.monotonic()
    terminate_soon()
    with pytest.raises(Terminated):
        run_in_own_loop(work())
    assert time.monotonic() - began < 10


@pytest.mark.usefixtures("terminable")
@pytest.mark.parametrize("busy", [True, False])
def test_sigterm_is_not_lost_in_a_task_that_nobody_awaits(busy: bool):
    async def besides() -> None:
        time.sleep(1 if busy else 0)
        await asyncio.sleep(60)

    async def work() -> None:
        task = asyncio.create_task(besides())
        await asyncio.sleep(60)
        await task

    terminate_soon()
    with pytest.raises(Terminated):
        run_in_own_loop(work())


@pytest.mark.usefixtures("terminable")
def test_sigterm_counts_though_the_work_ignores_its_cancellation():
    async def work() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "done all the same"
        return ""

    terminate_soon()
    with pytest.raises(Terminated):
        run_in_own_loop(work())


def test_another_thread_than_the_main_one_may_run_work_too():
    results: list[Any] = []
    place.set("main")

    async def work() -> None:
        results.append(threading.current_thread() is threading.main_thread())

    thread = threading.Thread(target=lambda: run_in_own_loop(work()))
    thread.start()
    thread.join()
    assert results == [False]
