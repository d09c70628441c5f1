"""What no result of a job or a step may be or hold: work that was not done, what is open, and what is code."""

import asyncio
import inspect
import io
import socket
import tempfile
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import islice
from types import ModuleType
from typing import Any

from pydantic import BaseModel

MOST_LOOKED_AT = 20_000
"""Values within one result that are looked at, the outer ones first, which takes up to 0.1 s: what may not be in a list
is not alone there, as a rule, and JSON refuses the rest of a job's result."""

_DATA = (str, bytes, bytearray, memoryview, bool, int, float, complex, type(None))
_LOCKS = (
    type(threading.Lock()),
    type(threading.RLock()),
    threading.Condition,
    threading.Event,
    threading.Semaphore,
    threading.Barrier,
    asyncio.Lock,
    asyncio.Condition,
    asyncio.Event,
    asyncio.Semaphore,
)


def unkeepable(result: object) -> tuple[object, str] | None:
    """What is wrong with a result.

    Returns:
        The value that may not be in it and what to do instead, or None. What is async in the result is closed then, so
        that Python does not warn of it a second time.
    """
    found = None
    for each in _held(result):
        cure = _cure(each)
        if inspect.iscoroutine(each):
            each.close()
        if cure is not None and found is None:
            found = (each, cure)
    return found


def _held(result: object) -> Iterator[object]:
    """A result and what it holds that is more than a number or a text, however deep, the outer values first."""
    pending = deque([result])
    seen: set[int] = set()
    left = MOST_LOOKED_AT
    while pending:
        value = pending.popleft()
        yield value
        if not left or id(value) in seen:
            continue
        # A value that holds itself is refused by JSON.
        seen.add(id(value))
        for item in islice(_items(value), left):
            left -= 1
            if not isinstance(item, _DATA):
                pending.append(item)


def _items(value: object) -> Iterator[Any]:
    match value:
        case Mapping():
            for key in value:
                yield key
                yield value[key]
        case list() | tuple() | set() | frozenset() | deque():
            yield from value
        case BaseModel():
            yield from (each for _, each in value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            yield from (getattr(value, each.name, None) for each in fields(value))


def _cure(value: object) -> str | None:
    """Why a value is no result, and what to do; None where it may be one."""
    if isinstance(value, _DATA):
        return None
    if inspect.isawaitable(value) or isinstance(value, AsyncIterator):
        return "what is async in it never ran. Write `async def`, await it, and return what that gives."
    if isinstance(value, io.IOBase | tempfile._TemporaryFileWrapper):
        return "an open file. Return its path, or its blob's key."
    if isinstance(value, socket.socket):
        return "a connection ends with this process. Return what came through it."
    module, name = type(value).__module__, type(value).__name__
    if module.partition(".")[0] == "prefect":
        if name.endswith(("State", "Future", "FutureList")):
            return "return plain data, or raise; of a future, its result()."
        if name in ("Flow", "Task") or callable(value):
            return "code is no result. Call it, and return what it gives."
    if isinstance(value, Iterator):
        return "what it would yield was never made. Return list(…) of it."
    if isinstance(value, _LOCKS):
        return "a lock holds in this process only. Return plain data."
    if isinstance(value, ModuleType | type) or inspect.isroutine(value):
        return "code is no result. Return its name, or what calling it gives."
    return None
