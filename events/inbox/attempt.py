"""One run's attempt at a delivery, and the lease that it holds while it lives."""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.exc import OperationalError

from blocks.database import database
from blocks.errors import ConfigurationError, StaleAttempt
from blocks.retry import while_database_restarts
from blocks.settings import settings
from events.base import Event
from events.catalogue import parse_event
from events.inbox.statements import inbox_statement

logger = logging.getLogger(__name__)

_current: ContextVar["Attempt | None"] = ContextVar("attempt", default=None)


def current_attempt() -> "Attempt | None":
    """The attempt that the calling code runs for, if a job is running."""
    return _current.get()


def running_attempt() -> "Attempt":
    """The attempt that the calling code runs for.

    Raises:
        ConfigurationError: no job is running.
    """
    attempt = _current.get()
    if attempt is None:
        raise ConfigurationError("this step works on a delivery: call it from a job")
    return attempt


@dataclass
class Attempt:
    """One run's attempt at one delivery.

    Attributes:
        token: the attempt's number, which is the fencing token: the inbox refuses writes of any but the latest.
        event: what happened, typed.
    """

    delivery_id: UUID
    token: int
    job: str
    event_id: UUID
    correlation_id: UUID
    event: Event
    _first_step_noted: bool = field(default=False, repr=False)

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The attempt of a delivery's row joined with its event's."""
        return cls(
            delivery_id=row.id,
            token=row.attempt,
            job=row.job,
            event_id=row.event_id,
            correlation_id=row.correlation_id,
            event=parse_event(row.event_name, row.data),
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hold the lease and be the current attempt until the block ends."""
        stop = threading.Event()
        renewer = threading.Thread(target=self._renew_until, args=(stop,), name="lease", daemon=True)
        renewer.start()
        try:
            with self.as_current():
                yield
        finally:
            stop.set()

    @contextmanager
    def as_current(self) -> Iterator[None]:
        """Be the current attempt until the block ends."""
        mark = _current.set(self)
        try:
            yield
        finally:
            _current.reset(mark)

    def _renew_until(self, stop: threading.Event) -> None:
        lease = settings().lease_seconds
        while not stop.wait(lease / 3):
            try:
                with database().transaction() as connection:
                    alive = connection.execute(
                        inbox_statement("renew"), self._fence | {"lease_seconds": lease}
                    ).scalar()
            except OperationalError as error:
                logger.warning("delivery %s: lease not renewed, will try again: %s", self.delivery_id, error.orig)
                continue
            if alive is None:
                if not stop.is_set():
                    logger.warning("delivery %s: attempt %s has lost its lease", self.delivery_id, self.token)
                return

    def note_first_step(self) -> None:
        """Record that the first step has begun; later calls do nothing."""
        if not self._first_step_noted:
            self._first_step_noted = True
            with database().transaction() as connection:
                connection.execute(inbox_statement("first_step"), self._fence)

    def report(self, progress: dict[str, Any]) -> None:
        """Show how far the attempt has come, to whoever asks for the event's status.

        Args:
            progress: JSON-ready, such as ``{"rows": 5000, "bytes": 81920, "total_bytes": 163840}``.
        """
        with database().transaction() as connection:
            connection.execute(inbox_statement("progress"), self._fence | {"progress": json.dumps(progress)})

    def settle(self, result: Any = None) -> None:
        """End the delivery as done.

        Args:
            result: JSON-ready outcome.

        Raises:
            StaleAttempt: a later attempt has the delivery.
        """
        self._end("done", result=result)

    def fail(self, error: BaseException) -> None:
        """End the delivery as failed: a dead letter with its last error.

        Raises:
            StaleAttempt: a later attempt has the delivery.
        """
        self._end("failed", last_error=f"{type(error).__name__}: {error}")

    def _end(self, state: str, *, result: Any = None, last_error: str | None = None) -> None:
        outcome = {"state": state, "result": json.dumps(result, default=str), "last_error": last_error}
        for trial in while_database_restarts(settings().lease_seconds):
            with trial, database().transaction() as connection:
                ended = connection.execute(inbox_statement("settle"), self._fence | outcome).scalar()
                connection.execute(inbox_statement("wake_relay"))
                if ended is None:
                    raise StaleAttempt(
                        f"delivery {self.delivery_id}: attempt {self.token} may not settle, a later one has it"
                    )

    @property
    def _fence(self) -> dict[str, Any]:
        return {"delivery_id": self.delivery_id, "attempt": self.token}
