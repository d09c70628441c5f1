"""What a process keeps for itself: its settings, what is made of them, and what it has loaded once.

All of it hangs on the environment. Whoever changes the environment calls :func:`forget`, and everything is made anew
where it is next asked for.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

MOST = 10_000
"""Answers that are kept of a function that takes arguments; the one that was asked for least recently goes first."""
_forgetting: list[Callable[[], None]] = []


def process_cache(function: Callable[P, R]) -> Callable[P, R]:
    """Keep what a function returns, for each of its arguments, until :func:`forget` is called. Errors are not kept."""
    cached = lru_cache(maxsize=MOST)(function)
    _forgetting.append(cached.cache_clear)
    return cached  # type: ignore[return-value]


def forget() -> None:
    """Forget everything that :func:`process_cache` keeps. What somebody still holds goes on working as it was made."""
    for each in _forgetting:
        each()
