"""Waiting on conditions, with a deadline instead of a guess."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 0.25
_SHARE = 0.05
"""Of what was waited already, the next pause: to ask costs the servers and the tests CPU that what is awaited needs."""


def wait_until(condition: Callable[[], T], timeout: float = 60.0, what: str = "") -> T:
    """The first true value of a condition.

    Raises:
        AssertionError: it stayed false for ``timeout`` seconds.
    """
    began = time.monotonic()
    while True:
        if value := condition():
            return value
        waited = time.monotonic() - began
        if waited > timeout:
            raise AssertionError(f"not within {timeout} s: {what or condition}")
        time.sleep(min(max(waited * _SHARE, _SHORTEST_PAUSE), _LONGEST_PAUSE))
