"""Waiting out a database restart."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType

from sqlalchemy.exc import DBAPIError, OperationalError

from groundwork.blocks.verdict import verdict_of

_FIRST_DELAY = 0.1
_LONGEST_DELAY = 2.0


_AWAY = ("57P", "08", "25006", "53", "58")
"""Begin of the SQLSTATEs of a server that stops, starts, cuts the connection, is a standby that takes no writes, or has
run out of disk, memory or connections."""


def database_went_away(error: BaseException) -> bool:
    """Whether an error says that the server is not there, cut the connection or cannot write at present, and nothing
    about the statement."""
    if not isinstance(error, DBAPIError):
        return False
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is None:
        return error.connection_invalidated or isinstance(error, OperationalError)
    return error.connection_invalidated or sqlstate.startswith(_AWAY)


class _Trial(AbstractContextManager["_Trial"]):
    def __init__(self, *, last: bool) -> None:
        self.last = last
        self.succeeded = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.succeeded = error is None
        if error is None or self.last:
            return False
        return database_went_away(error) or (isinstance(error, OperationalError) and verdict_of(error) is None)


def while_database_restarts(patience: float) -> Iterator[_Trial]:
    """Trials of a transaction that may be repeated as a whole, with growing pauses while the database is away::

        for trial in while_database_restarts(30):
            with trial, database().transaction() as connection:
                ...

    Args:
        patience: seconds after which the error of a trial is let through.

    Raises:
        sqlalchemy.exc.OperationalError: the database stayed away, or refuses the statement for good.
    """
    deadline = time.monotonic() + patience
    delay = _FIRST_DELAY
    while True:
        trial = _Trial(last=time.monotonic() + delay > deadline)
        yield trial
        if trial.succeeded:
            return
        time.sleep(delay)
        delay = min(delay * 2, _LONGEST_DELAY)
