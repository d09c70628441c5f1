"""Steps that fail because a test wants them to."""

import threading
from functools import wraps
from typing import Any

import pytest
from prefect import Task

from groundwork.blocks.errors import UnknownName
from groundwork.blocks.suggestions import did_you_mean
from groundwork.flows.registry import jobs
from groundwork.tasks.step import steps
from groundwork.tasks.step_identity import identity_of

AWAY = ConnectionError("fail_step: the provider is away")
"""What a step raises where the test says nothing else: an error that another try may get over."""


def let_fail(name: str, times: int, error: BaseException | type[BaseException], patch: pytest.MonkeyPatch) -> None:
    """Let the next calls of a step raise, each try being one. Steps of two applications that have one name share them.

    Args:
        name: of the step, as Prefect shows it or as its function is called; or its identity, ``crm.steps.load``.
        times: how many calls.
        error: what they raise.
        patch: takes the trouble away again.

    Raises:
        UnknownName: there is no such step; the message suggests the nearest names.
        ValueError: ``times`` is below 1.
    """
    __tracebackhide__ = True
    if times < 1:
        raise ValueError(f"fail_step({name!r}, times={times}): at least 1")
    jobs()
    known = steps()
    wanted = [each for each in known if name == identity_of(each) or each.name == name.replace("_", "-")]
    if not wanted:
        near = did_you_mean(name.replace("_", "-"), dict.fromkeys(each.name for each in known))
        raise UnknownName(f"unknown step {name!r}{near}")
    calls = _Calls(times)
    for each in wanted:
        patch.setattr(each, "fn", _failing(each, calls, error))


class _Calls:
    """How many calls are still to fail. Steps may be called from several threads."""

    def __init__(self, times: int) -> None:
        self._left = times
        self._lock = threading.Lock()

    def take(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0


def _failing(step: Task[..., Any], calls: _Calls, error: BaseException | type[BaseException]) -> Any:
    function = step.fn

    @wraps(function)
    def failing(*args: Any, **kwargs: Any) -> Any:
        if calls.take():
            raise error
        return function(*args, **kwargs)

    return failing
