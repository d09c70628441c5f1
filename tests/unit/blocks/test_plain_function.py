"""What loses its work is refused where it is written: generators and results that are no data."""

import asyncio
import functools
import gc
import io
import socket
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.futures import PrefectConcurrentFuture, PrefectFutureList
from prefect.states import Completed
from pydantic import BaseModel, ConfigDict

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.plain_function import as_json, is_async, require_plain_result
from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.flows.job import job
from groundwork.tasks.step import step


async def an_async_function(event: Any) -> None:
    """Would be a coroutine that nobody awaits."""


async def an_async_generator(event: Any) -> AsyncIterator[int]:
    yield 1


def a_generator(event: Any) -> Iterator[int]:
    yield 1


class AsyncCallable:
    async def __call__(self, event: Any) -> None:
        """The same, hidden in an object."""


class Methods:
    async def bound(self, event: Any) -> None:
        """The same, hidden in a method."""

    @staticmethod
    async def static(event: Any) -> None:
        """The same, hidden in a static method."""


class GeneratingCallable:
    def __call__(self, event: Any) -> Iterator[int]:
        yield 1


REFUSED = {
    "async generator": (an_async_generator, "Return a list instead of yielding"),
    "generator": (a_generator, "Return a list instead of yielding"),
    "partial of a generator": (functools.partial(a_generator, event=1), "Return a list instead of yielding"),
    "object that generates": (GeneratingCallable(), "Return a list instead of yielding"),
    "class": (Methods, "takes a function"),
    "number": (7, "takes a function"),
}


@pytest.mark.parametrize(("function", "cure"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_plain_function_is_refused_where_it_is_decorated(function: Any, cure: str):
    with pytest.raises(ConfigurationError, match="@job"):
        job(on=CsvImportConfirmed)(function)
    with pytest.raises(ConfigurationError) as refused:
        step(function)
    assert cure in str(refused.value)
    with pytest.raises(ConfigurationError, match="on_failure"):
        job(on=CsvImportConfirmed, on_failure=function)


def run_by_a_decorator(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(function)
    def run(event: Any) -> Any:
        return asyncio.run(function(event))

    return run


ASYNC = {
    "async def": (an_async_function, True),
    "object with an async __call__": (AsyncCallable(), True),
    "partial of async": (functools.partial(an_async_function, event=1), True),
    "partial of a partial of async": (functools.partial(functools.partial(an_async_function), event=1), True),
    "partial of an object": (functools.partial(AsyncCallable(), event=1), True),
    "async method": (Methods().bound, True),
    "static async method": (Methods.__dict__["static"], True),
    "plain function": (run_by_a_decorator, False),
    "plain function around an async one": (run_by_a_decorator(an_async_function), False),
    "builtin": (print, False),
}


@pytest.mark.parametrize(("function", "expected"), ASYNC.values(), ids=ASYNC)
def test_it_is_known_whether_a_call_has_to_be_awaited(function: Any, expected: bool):
    assert is_async(function) == expected


def test_a_step_of_an_async_function_is_async_however_it_is_written():
    class Work:
        @step
        @staticmethod
        async def static(number: int) -> int:
            return number + 1

    named = functools.update_wrapper(functools.partial(an_async_function, event=1), an_async_function)
    assert Work.static.isasync
    assert step(named).isasync
    assert asyncio.run(Work.static.fn(1)) == 2


def test_a_plain_function_that_runs_async_code_is_welcome():
    @functools.wraps(an_async_function)
    def run(event: Any) -> None:
        asyncio.run(an_async_function(event))

    made = step(run)
    assert not made.isasync
    assert made.fn(1) is None


def test_a_decorator_that_hides_an_async_function_is_told_to_await_it():
    @step
    @lambda function: functools.wraps(function)(lambda event: function(event))
    async def hidden(event: Any) -> None:
        """Handed back by a plain function, which awaits nothing."""

    with pytest.raises(ConfigurationError, match=r"step hidden returned a coroutine: .* `async def`, await it"):
        hidden.fn(1)


def test_a_function_without_a_name_is_refused():
    half_named = AsyncCallable()
    half_named.__name__ = "greet"
    for nameless in (functools.partial(print, 1), lambda event: None, AsyncCallable(), half_named):
        with pytest.raises(ConfigurationError, match="has no name"):
            step(nameless)


async def work() -> int:
    return 1


async def make_generator() -> AsyncIterator[int]:
    yield 1


@dataclass
class Holder:
    value: Any


class Model(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    value: Any


def futures() -> PrefectFutureList[int]:
    return PrefectFutureList([PrefectConcurrentFuture(UUID(int=7), Future())])


UNKEEPABLE = {
    "coroutine": (work, "a coroutine: what is async"),
    "generator": (lambda: (n for n in [1]), r"a generator: .* Return list\("),
    "map": (lambda: map(str, [1]), r"a map: .* Return list\("),
    "iterator": (lambda: iter([1]), r"a list_iterator: .* Return list\("),
    "async generator": (make_generator, "a async_generator: what is async"),
    "state": (lambda: Completed(), "a State: return plain data"),
    "future": (lambda: futures()[0], r"a PrefectConcurrentFuture: .* its result\(\)"),
    "futures": (futures, r"a PrefectFutureList: .* its result\(\)"),
    "flow": (lambda: job, "a function: code is no result"),
    "step": (lambda: step(work), "a StepTask: code is no result"),
    "open text": (lambda: io.StringIO("text"), "a StringIO: an open file"),
    "open file": (lambda: open(__file__), "a TextIOWrapper: an open file"),  # noqa: SIM115
    "temporary file": (tempfile.NamedTemporaryFile, "a _TemporaryFileWrapper: an open file"),
    "socket": (socket.socket, "a socket: a connection"),
    "lock": (threading.Lock, "a lock: a lock"),
    "reentrant lock": (threading.RLock, "a RLock: a lock"),
    "event of threads": (threading.Event, "a Event: a lock"),
    "module": (lambda: io, "a module: code is no result"),
    "class": (lambda: Methods, "a type: code is no result"),
    "function": (lambda: a_generator, "a function: code is no result"),
    "builtin": (lambda: print, "a builtin_function_or_method: code is no result"),
    "method": (lambda: Methods().bound, "a method: code is no result"),
}
HOLDERS = {
    "a list": lambda value: [1, value],
    "a dictionary": lambda value: {"a": value},
    "a dictionary in a list in a tuple": lambda value: ([{"a": value}],),
    "a set": lambda value: {value},
    "a dataclass": Holder,
    "a model": lambda value: Model(value=value),
    "a long list": lambda value: [*range(1000), value],
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(("make", "words"), UNKEEPABLE.values(), ids=UNKEEPABLE)
def test_a_result_that_is_no_data_is_an_error_that_names_it(make: Any, words: str):
    with pytest.raises(ConfigurationError, match=f"step greet returned {words}"):
        require_plain_result(make(), "step greet")
    with pytest.raises(ConfigurationError, match=f"job greet returned {words}"):
        as_json(make(), "job greet")


@pytest.mark.parametrize("holding", HOLDERS.values(), ids=HOLDERS)
def test_what_a_result_holds_counts_too_and_is_closed(holding: Any, recwarn: pytest.WarningsRecorder):
    with pytest.raises(ConfigurationError, match="something that holds a coroutine"):
        as_json(holding(work()), "job greet")
    with pytest.raises(ConfigurationError, match="something that holds a function"):
        require_plain_result(holding(a_generator), "step greet")
    gc.collect()
    assert [each for each in recwarn if "never awaited" in str(each.message)] == []


def test_a_result_that_holds_itself_is_refused_and_not_looked_at_for_ever():
    round_and_round: list[Any] = []
    round_and_round.append(round_and_round)
    require_plain_result(round_and_round, "step greet")
    with pytest.raises(ConfigurationError, match="cannot be kept"):
        as_json(round_and_round, "job greet")


def test_data_of_every_kind_is_welcome():
    data = [1, "a", None, 1.5, True, b"b", date(2026, 1, 2), Path("a"), UUID(int=7), Decimal(1), Colour.RED, range(3)]
    require_plain_result([*data, data, tuple(data), {"a": data}, Holder(data)], "step greet")


def test_a_step_that_returns_a_coroutine_fails_and_says_so():
    @step(retries=0)
    def greet() -> Any:
        return work()

    with pytest.raises(ConfigurationError, match="step greet returned a coroutine: what is async in it never ran"):
        greet.fn()


class Colour(Enum):
    RED = 1


class Thing:
    """Of a type that nobody knows."""


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Thing(), "a Thing that cannot be kept"),
        ({"a": [Thing()]}, "of type Thing"),
        (float("nan"), "result: NaN, which JSON does not know"),
        ({"name": "Ada\x00"}, "NUL"),
        (["\ud800"], "half a character"),
        (b"\xff", "cannot be kept"),
        ("x" * 10_000_001, "put it into the blob store"),
    ],
)
def test_a_result_that_cannot_be_stored_is_an_error_and_not_its_text(result: Any, words: str):
    with pytest.raises(ConfigurationError, match=words) as refused:
        as_json(result, "job greet")
    assert str(refused.value).startswith("job greet returned")


@dataclass
class Row:
    id: UUID
    at: datetime


def test_data_that_json_can_express_is_kept():
    row = Row(UUID(int=7), datetime(2026, 1, 2, tzinfo=UTC))
    assert as_json({"rows": [row], "path": Path("a/b"), "none": None}, "job greet") == {
        "rows": [{"id": "00000000-0000-0000-0000-000000000007", "at": "2026-01-02T00:00:00Z"}],
        "path": "a/b",
        "none": None,
    }
