"""What loses its work is refused where it is written: async functions, generators and results that are no data."""

import asyncio
import functools
import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.states import Completed

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.plain_function import as_json, require_plain_result
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


REFUSED = {
    "async def": (an_async_function, "asyncio.run"),
    "async generator": (an_async_generator, "return a list"),
    "generator": (a_generator, "Return a list instead of yielding"),
    "object with an async __call__": (AsyncCallable(), "asyncio.run"),
    "partial of async": (functools.partial(an_async_function, event=1), "asyncio.run"),
    "partial of a partial of async": (functools.partial(functools.partial(an_async_function), event=1), "asyncio.run"),
    "partial of an object": (functools.partial(AsyncCallable(), event=1), "asyncio.run"),
    "async method": (Methods().bound, "asyncio.run"),
    "static async method": (Methods.__dict__["static"], "asyncio.run"),
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


def test_a_plain_function_that_runs_async_code_is_welcome():
    @functools.wraps(an_async_function)
    def run(event: Any) -> None:
        asyncio.run(an_async_function(event))

    assert step(run).fn(1) is None


def test_a_function_without_a_name_is_refused():
    for nameless in (functools.partial(print, 1), lambda event: None):
        with pytest.raises(ConfigurationError, match="has no name"):
            step(nameless)


async def work() -> int:
    return 1


UNKEEPABLE = {
    "coroutine": (work, "a coroutine"),
    "list of coroutines": (lambda: [work()], "something that holds a coroutine"),
    "generator": (lambda: (n for n in [1]), "a generator"),
    "map": (lambda: map(str, [1]), "a map"),
    "async generator": (lambda: an_async_generator(1), "an? async_generator"),
    "state": (lambda: Completed(), "a State"),
    "open file": (lambda: io.StringIO("text"), "a StringIO"),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize(("make", "words"), UNKEEPABLE.values(), ids=UNKEEPABLE)
def test_a_result_that_is_no_data_is_an_error_that_names_it(make: Any, words: str):
    with pytest.raises(ConfigurationError, match=f"step greet returned {words}"):
        require_plain_result(make(), "step greet")
    with pytest.raises(ConfigurationError, match=f"job greet returned {words}"):
        as_json(make(), "job greet")


def test_a_step_that_returns_a_coroutine_fails_and_says_so():
    @step(retries=0)
    def greet() -> Any:
        return work()

    with pytest.raises(ConfigurationError, match="step greet returned a coroutine: what is async in it never ran"):
        greet.fn()


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
