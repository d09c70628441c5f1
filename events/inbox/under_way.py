"""Jobs that run in this process, and the threads that do not know of them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakSet

from groundwork.blocks.errors import ConfigurationError

_threads_before: "list[WeakSet[threading.Thread]]" = []
"""For each job that runs here: the threads that were there before it, and so are not its own."""


@contextmanager
def job_under_way() -> Iterator[None]:
    """Know until the block ends that a job runs in this process."""
    before = WeakSet(threading.enumerate())
    _threads_before.append(before)
    try:
        yield
    finally:
        # By identity: two sets of the same threads are equal.
        _threads_before[:] = [each for each in _threads_before if each is not before]


def refuse_threads_of_jobs(what: str) -> None:
    """Refuse what is called without a current attempt in a thread that a running job may have started: a step there
    would be done again by every attempt, and an event sent again.

    A thread that was there before the job is not the job's, such as one of a test's own server.

    Args:
        what: is to be done, such as ``step charge-card``.

    Raises:
        ConfigurationError: this thread has begun since a job of this process has.
    """
    thread = threading.current_thread()
    if all(thread in before for before in _threads_before):
        return
    raise ConfigurationError(
        f"{what} is called in a thread that does not know of the job which runs here, so that a later attempt would "
        "repeat it. Call steps side by side by .submit(…) or .map(…), or in an async job by asyncio.gather(…). Start "
        "other functions in a thread by asyncio.to_thread(function), or with contextvars.copy_context().run(function)"
    )
