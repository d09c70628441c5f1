"""Jobs, steps and hooks are plain functions that return plain data. What is not is refused before it loses its work."""

import functools
import inspect
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.storable import LONGEST_JSON, Unstorable, as_plain

_LOOKED_INTO = 100
"""Most items of a list or a dictionary that are looked at: an element that cannot be kept is not alone, as a rule."""


def require_plain_function(function: object, what: str) -> None:
    """Refuse what would hand back a coroutine or a generator instead of doing its work.

    Args:
        function: what is decorated, or a hook.
        what: ``@job``, ``@step`` and the like, for the message.

    Raises:
        ConfigurationError: it is no plain function. The message names the cure.
    """
    if inspect.isclass(function) or not callable(function):
        raise ConfigurationError(f"{what} takes a function, and {_name(function)} is none. Write `def name(…): …`.")
    for link in _links(function):
        if inspect.iscoroutinefunction(link):
            kind = "async"
            cure = "Write `def`, and call what is async by asyncio.run(…) in it"
        elif inspect.isasyncgenfunction(link):
            kind = "an async generator"
            cure = "Write `def`, collect what is async by asyncio.run(…) in it, and return a list"
        elif inspect.isgeneratorfunction(link):
            kind = "a generator: its body would not run"
            cure = "Return a list instead of yielding"
        else:
            continue
        raise ConfigurationError(f"{what}: {_name(function)} is {kind}. Only plain functions are supported. {cure}.")


def require_name(function: Callable[..., Any], what: str) -> None:
    """Refuse a function without a name of its own, since deployments, lanes and results go by it.

    Raises:
        ConfigurationError: it has none.
    """
    if not getattr(function, "__name__", "").isidentifier():
        raise ConfigurationError(f"{what}: {_name(function)} has no name. Write `def name(…): …` and call it there.")


def require_plain_result(result: object, what: str) -> None:
    """Refuse a result that is no data but work that was not done, or something open.

    Args:
        what: such as ``step welcome``, for the message.

    Raises:
        ConfigurationError: it is, or holds, an awaitable, a generator, a Prefect state or future, or an open file.
    """
    for each in (result, *_items(result)):
        if (kind := _unkeepable(each)) is None:
            continue
        name = f"a {type(each).__name__}" if each is result else f"something that holds a {type(each).__name__}"
        if inspect.iscoroutine(each):
            each.close()
        raise ConfigurationError(f"{what} returned {name}: {kind}")


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
        plain = as_plain(result, refuse=_unkeepable)
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


def _items(value: object) -> list[object]:
    match value:
        case Mapping():
            return [value[key] for key, _ in zip(value, range(_LOOKED_INTO), strict=False)]
        case list() | tuple() | set() | frozenset():
            return [each for each, _ in zip(value, range(_LOOKED_INTO), strict=False)]
    return []


def _unkeepable(value: object) -> str | None:
    """Why a value is no result; None where it may be one."""
    if isinstance(value, str | bytes | int | float | None):
        return None
    if inspect.isawaitable(value) or isinstance(value, AsyncIterator):
        return "what is async in it never ran. Call it by asyncio.run(…) and return what that gives."
    if isinstance(value, io.IOBase):
        return "an open file. Return its path, or its blob's key."
    if isinstance(value, Iterator):
        return "what it would yield was never made. Return list(…) of it."
    module, name = type(value).__module__, type(value).__name__
    if module.partition(".")[0] == "prefect" and name.endswith(("State", "Future")):
        return "return plain data, or raise; of a future, its result()."
    return None


def _name(function: object) -> str:
    if isinstance(function, functools.partial):
        return f"a partial of {_name(function.func)}"
    return str(getattr(function, "__qualname__", None) or f"a {type(function).__name__}")
