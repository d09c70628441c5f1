"""Jobs, steps and hooks are functions, plain or async, that return plain data. What is not is refused before it loses
its work."""

import asyncio
import functools
import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.storable import LONGEST_JSON, Unstorable, as_plain
from groundwork.blocks.unkeepable import unkeepable


def require_plain_function(function: object, what: str) -> None:
    """Refuse what would hand back a generator instead of doing its work.

    Args:
        function: what is decorated, or a hook.
        what: ``@job``, ``@step`` and the like, for the message.

    Raises:
        ConfigurationError: it is no function. The message names the cure.
    """
    if inspect.isclass(function) or not callable(function):
        raise ConfigurationError(
            f"{what} takes a function, and {_name(function)} is none. Write `def name(…): …` or `async def name(…): …`."
        )
    for link in _links(function):
        if inspect.isasyncgenfunction(link) or inspect.isgeneratorfunction(link):
            raise ConfigurationError(
                f"{what}: {_name(function)} is a generator: its body would not run. Return a list instead of yielding."
            )


def is_async(function: object) -> bool:
    """Whether calling a function gives a coroutine: it is an ``async def``, or a method, a partial or an object that
    leads to one. A plain function that returns another one's coroutine is not: what it decorates may be run by it."""
    return any(asyncio.iscoroutinefunction(link) for link in _links(function))


def require_name(function: Callable[..., Any], what: str) -> None:
    """Refuse a function without a name of its own, since deployments, lanes and results go by it.

    Raises:
        ConfigurationError: it has none.
    """
    if not getattr(function, "__name__", "").isidentifier() or not hasattr(function, "__qualname__"):
        raise ConfigurationError(f"{what}: {_name(function)} has no name. Write `def name(…): …` and call it there.")


def require_plain_result(result: object, what: str) -> None:
    """Refuse a result that is no data but work that was not done, or something open.

    Args:
        what: such as ``step welcome``, for the message.

    Raises:
        ConfigurationError: it is, or holds, what :mod:`groundwork.blocks.unkeepable` lists: an awaitable, a generator,
            a Prefect state or future, an open file, a lock, a function and the like.
    """
    if (found := unkeepable(result)) is None:
        return
    value, cure = found
    name = f"a {type(value).__name__}" if value is result else f"something that holds a {type(value).__name__}"
    raise ConfigurationError(f"{what} returned {name}: {cure}")


def as_json(result: object, what: str, name: str = "result") -> Any:
    """A result as JSON can hold it. Dates, UUIDs, decimals, enumerations, paths, models and dataclasses become text or
    objects.

    Args:
        what: such as ``job process-csv``, for the message.
        name: of the result, for the place in the message.

    Raises:
        ConfigurationError: it holds what JSON and PostgreSQL cannot; the message names the place in it.
    """
    require_plain_result(result, what)
    try:
        plain = as_plain(result)
        if (size := len(json.dumps(plain))) > LONGEST_JSON:
            reason = f"{size:,} characters long, and {LONGEST_JSON:,} at most are kept; put it into the blob store"
            raise Unstorable([], reason)
    except Unstorable as fault:
        raise ConfigurationError(
            f"{what} returned a {type(result).__name__} that cannot be kept: {fault.told(name)}. Return plain "
            "data: numbers, text, dates, lists and dictionaries, models or dataclasses."
        ) from None
    return plain


def _links(function: object) -> Iterator[object]:
    """A function and what is called by calling it, as far as can be seen."""
    while True:
        if isinstance(function, functools.partial | functools.partialmethod):
            function = function.func
        elif isinstance(function, staticmethod | classmethod) or inspect.ismethod(function):
            function = function.__func__
        elif inspect.isroutine(function):
            yield function
            return
        else:
            yield function
            function = type(function).__call__


def _name(function: object) -> str:
    if isinstance(function, functools.partial):
        return f"a partial of {_name(function.func)}"
    return str(getattr(function, "__qualname__", None) or f"a {type(function).__name__}")
