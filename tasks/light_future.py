"""Steps of light runs that were submitted: their futures, as far as those of Prefect are asked for."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_all
from contextvars import copy_context
from typing import Any, Generic, TypeVar

from groundwork.blocks.own_loop import run_in_own_loop
from groundwork.events.inbox.light_state import LightState

R = TypeVar("R")


class LightFuture(Generic[R]):
    """A step that was submitted in a light run.

    Attributes:
        was_asked: somebody has asked how it ended.
    """

    def __init__(self, future: "Future[Any]") -> None:
        self._future = future
        self.was_asked = False

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> Any:
        """What the step returned, once it has; or its error is raised, or given where it is not to be."""
        self.was_asked = True
        try:
            return self._future.result(timeout)
        except Exception as error:
            if raise_on_failure or (isinstance(error, TimeoutError) and not self._future.done()):
                raise
            return error

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the step has ended, however it ends."""
        wait_for_all([self._future], timeout)


class LightFutures(list[LightFuture[R]]):
    """Steps that were submitted together, by ``map``."""

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> list[Any]:
        """What the steps returned, in order."""
        return [each.result(timeout, raise_on_failure) for each in self]

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the steps have ended."""
        for each in self:
            each.wait(timeout)


def submitted(state: LightState, call: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> LightFuture[Any]:
    """Begin a call in a thread of the light run's, once what is among its arguments has ended.

    Args:
        call: gives what the step returned, or a coroutine of it.
    """
    awaited = kwargs.pop("wait_for", None) or []
    context = copy_context()

    def work() -> Any:
        for each in awaited:
            if isinstance(each, LightFuture):
                each.wait()
        called = call(*(_settled(each) for each in args), **{name: _settled(each) for name, each in kwargs.items()})
        return run_in_own_loop(called) if hasattr(called, "__await__") else called

    return LightFuture(state.side_by_side(lambda: context.run(work)))


def _settled(value: Any) -> Any:
    """A value in which futures are replaced by their results."""
    if isinstance(value, LightFuture):
        return value.result()
    if type(value) in (list, tuple, set, LightFutures) and any(_futures(value)):
        kind = list if isinstance(value, list) else type(value)
        return kind(_settled(each) for each in value)
    if type(value) is dict and any(_futures(value.values())):
        return {key: _settled(each) for key, each in value.items()}
    return value


def _futures(values: Any) -> Iterator[bool]:
    return (isinstance(each, LightFuture | list | tuple | set | dict) for each in values)
