"""Which attempt the calling code runs for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.inbox.under_way import refuse_threads_of_jobs

if TYPE_CHECKING:
    from groundwork.events.inbox.attempt import Attempt

_current: ContextVar["Attempt | None"] = ContextVar("attempt", default=None)


def current_attempt() -> "Attempt | None":
    """The attempt that the calling code runs for, if a job is running."""
    return _current.get()


def running_attempt() -> "Attempt":
    """The attempt that the calling code runs for.

    Raises:
        ConfigurationError: no job is running, or not in this thread's context.
    """
    attempt = _current.get()
    if attempt is None:
        refuse_threads_of_jobs("running_attempt()")
        raise ConfigurationError("this step works on a delivery: call it from a job")
    return attempt


@contextmanager
def being(attempt: "Attempt") -> Iterator[None]:
    """Make an attempt the current one until the block ends."""
    mark = _current.set(attempt)
    try:
        yield
    finally:
        _current.reset(mark)
