"""One run's attempt at a delivery, and the lease that it holds while it lives."""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from groundwork.blocks.database import database
from groundwork.blocks.errors import ConfigurationError, StaleAttempt
from groundwork.blocks.retry import database_went_away, while_database_restarts
from groundwork.blocks.settings import settings
from groundwork.events.base import Event
from groundwork.events.catalogue import parse_event
from groundwork.events.inbox.delivered import Delivered
from groundwork.events.inbox.holder import holder
from groundwork.events.inbox.lease import Lease
from groundwork.events.inbox.renewal import Hold
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.storing import storing
from groundwork.events.inbox.wake import wake_relay

_statement = statements_of(__file__)

logger = logging.getLogger(__name__)

LONGEST_ERROR = 10_000
"""Characters of an error that a dead letter keeps."""

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


@dataclass(frozen=True)
class Member:
    """One delivery of an attempt: the only one, or one of a batch."""

    delivery_id: UUID
    event_id: UUID
    event: Event


@dataclass
class Attempt:
    """One run's attempt at one delivery, or at the deliveries of a batch.

    Attributes:
        token: the attempt's number, which is the fencing token: the inbox refuses writes of any but the latest.
        members: what the run works on, in order of acceptance. The first one's row is the fence of all.
    """

    job: str
    token: int
    correlation_id: UUID
    members: Sequence[Member]
    _first_step_noted: bool = field(default=False, repr=False)
    _lease: Lease | None = field(default=None, repr=False)

    @classmethod
    def of(cls, deliveries: Sequence[Delivered]) -> Self:
        """The attempt at these deliveries, the first of the batch first.

        Raises:
            UnknownName: the code has no event type of this name any more.
            pydantic.ValidationError: the event does not fit its type any more.
        """
        first = deliveries[0]
        return cls(
            job=first.job,
            token=first.attempt,
            correlation_id=first.correlation_id,
            members=[Member(each.id, each.event_id, parse_event(each.event_name, each.data)) for each in deliveries],
        )

    @property
    def delivery_id(self) -> UUID:
        """Id of the delivery; of a batch, of its first."""
        return self.members[0].delivery_id

    @property
    def event_id(self) -> UUID:
        """Id of the event; of a batch, of its first."""
        return self.members[0].event_id

    @property
    def event(self) -> Event:
        """The event, typed; of a batch, the first."""
        return self.members[0].event

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hold the lease and be the current attempt until the block ends."""
        with Lease(Hold(self.delivery_id, self.token, settings().lease_seconds)) as self._lease, self.as_current():
            yield

    @contextmanager
    def as_current(self) -> Iterator[None]:
        """Be the current attempt until the block ends."""
        mark = _current.set(self)
        try:
            yield
        finally:
            _current.reset(mark)

    def keep_fence(self, connection: Connection) -> None:
        """Let no later attempt claim until a transaction ends: what it writes is written by the latest attempt.

        Raises:
            StaleAttempt: a later attempt has the delivery, or it waits for one.
        """
        if connection.execute(_statement("keep_fence"), self._fence).scalar() is None:
            raise StaleAttempt(
                f"delivery {self.delivery_id}: attempt {self.token} may not write, the delivery is a later one's"
            )

    def note_first_step(self) -> None:
        """Take note that a step begins, and record when the first one did.

        Raises:
            StaleAttempt: the lease is known to be lost, so that what the step would do does not count.
        """
        if self._lease is not None and self._lease.lost:
            raise StaleAttempt(f"delivery {self.delivery_id}: attempt {self.token} has lost its lease")
        if not self._first_step_noted:
            self._first_step_noted = True
            with database().transaction() as connection:
                connection.execute(_statement("first_step"), self._fence)

    def report(self, progress: dict[str, Any]) -> None:
        """Show how far the attempt has come, to whoever asks for the event's status. Best effort while the database is
        away: progress is not worth an attempt.

        Args:
            progress: JSON-ready, such as ``{"rows": 5000, "bytes": 81920, "total_bytes": 163840}``.

        Raises:
            NotStorable: it is not.
        """
        try:
            with storing("the progress"), database().transaction() as connection:
                connection.execute(_statement("progress"), self._fence | {"progress": json.dumps(progress)})
        except DBAPIError as error:
            if not database_went_away(error):
                raise
            logger.warning("delivery %s: progress not shown, the database is away", self.delivery_id)

    def settle(self, result: Any = None) -> None:
        """End the delivery as done.

        Args:
            result: JSON-ready outcome; of a batch, of each event.

        Raises:
            StaleAttempt: a later attempt has the delivery.
        """
        self.settle_each([result] * len(self.members))

    def fail(self, error: BaseException) -> None:
        """End the delivery as failed: a dead letter with its last error. Of a batch, each one.

        Raises:
            StaleAttempt: a later attempt has the delivery.
        """
        self.settle_each([error] * len(self.members))

    def settle_each(self, outcomes: Sequence[Any]) -> None:
        """End each delivery with its own outcome, all in one transaction.

        Args:
            outcomes: one per member: a JSON-ready result, or an error, which makes the delivery a dead letter.

        Raises:
            StaleAttempt: a later attempt has the deliveries.
        """
        rows = [
            {"id": str(member.delivery_id)} | _outcome(each)
            for member, each in zip(self.members, outcomes, strict=True)
        ]
        document = json.dumps(rows, allow_nan=False)
        for trial in while_database_restarts(settings().lease_seconds):
            with trial, database().transaction() as connection:
                ended = connection.execute(_statement("settle"), self._fence | {"outcomes": document}).all()
                wake_relay(connection)
                if not ended and not self._has_ended_as(connection, rows[0]["state"]):
                    raise StaleAttempt(
                        f"delivery {self.delivery_id}: attempt {self.token} may not settle, a later one has it"
                    )
        if self._lease is not None:
            self._lease.end()

    def _has_ended_as(self, connection: Connection, state: str) -> bool:
        """Whether this attempt has ended so already: its COMMIT went through, and only the answer was lost."""
        found = holder(connection, self.delivery_id)
        return found is not None and (found.attempt, found.state) == (self.token, state)

    @property
    def _fence(self) -> dict[str, Any]:
        return {"delivery_id": self.delivery_id, "attempt": self.token}


def _outcome(outcome: Any) -> dict[str, Any]:
    if isinstance(outcome, BaseException):
        return {"state": "failed", "last_error": storable(f"{type(outcome).__name__}: {outcome}")}
    return {"state": "done", "result": outcome}


def storable(error: str) -> str:
    """The text of an error as PostgreSQL takes it: no NUL, no half characters, not as long as a program may make it."""
    text = error.replace("\x00", "\\0").encode(errors="backslashreplace").decode()
    return text if len(text) <= LONGEST_ERROR else f"{text[:LONGEST_ERROR]}…"
