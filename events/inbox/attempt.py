"""One run's attempt at a delivery, and the lease that it holds while it lives."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from groundwork.blocks.database import database
from groundwork.blocks.errors import StaleAttempt
from groundwork.blocks.retry import database_went_away, while_database_restarts
from groundwork.blocks.schema.states import DeliveryState
from groundwork.blocks.settings import settings
from groundwork.blocks.verdict import verdict_of
from groundwork.events.base import Event
from groundwork.events.inbox.chain import Cause
from groundwork.events.inbox.current import being, current_attempt, running_attempt
from groundwork.events.inbox.delivered import Delivered
from groundwork.events.inbox.failures import record_failures
from groundwork.events.inbox.holder import holder
from groundwork.events.inbox.lease import Lease
from groundwork.events.inbox.light_state import LightState
from groundwork.events.inbox.members import Member, MisfitMember, read_members
from groundwork.events.inbox.outcomes import Outcome, documents, without_refused
from groundwork.events.inbox.renewal import Hold
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.storing import stored_json, storing
from groundwork.events.inbox.under_way import job_under_way
from groundwork.events.inbox.wake import wake_relay

__all__ = ["Attempt", "Member", "current_attempt", "running_attempt"]

_statement = statements_of(__file__)

logger = logging.getLogger(__name__)


@dataclass
class Attempt:
    """One run's attempt at one delivery, or at the deliveries of a batch.

    Attributes:
        token: the attempt's number, which is the fencing token: the inbox refuses writes of any but the latest.
        delivery_id: of the delivery; of a batch, of its first, whose row is the fence of all.
        event_id: of its event.
        workspace_id: in which all of it happened.
        depth: events before it in its chain; of a batch, of the longest.
        members: what the run works on, in order of acceptance.
        misfits: deliveries that the run cannot work on, and that end with it.
        ended_misfits: those of them that ended when it claimed.
        may_wait: whether the run may end to wait: not that of a batch, whose events would all wait.
        waits: names of the waits that the run has come to so far.
        earlier_results: of steps in light runs before it, once somebody has asked for them.
        light: what it has beside its delivery where it is that of a light run; None for that of a flow run of its own.
        step_functions: what each step that has been called is made of, by the step's identity.
    """

    job: str
    token: int
    correlation_id: UUID
    delivery_id: UUID
    event_id: UUID
    workspace_id: str
    depth: int
    members: Sequence[Member]
    misfits: Sequence[MisfitMember] = ()
    ended_misfits: Sequence[MisfitMember] = ()
    may_wait: bool = field(default=True, repr=False)
    waits: set[str] = field(default_factory=set, repr=False)
    step_functions: dict[str, Callable[..., Any]] = field(default_factory=dict, repr=False, compare=False)
    earlier_results: dict[str, str | None] | None = field(default=None, repr=False, compare=False)
    light: LightState | None = field(default=None, repr=False, compare=False)
    _first_step_noted: bool = field(default=False, repr=False)
    _lease: Lease | None = field(default=None, repr=False)

    @classmethod
    def of(cls, deliveries: Sequence[Delivered], on: type[Event] = Event) -> Self:
        """The attempt at these deliveries, the first of the batch first.

        Args:
            on: the type that the events must be of.

        Raises:
            ConfigurationError: an application cannot be loaded.
        """
        first = deliveries[0]
        members, misfits = read_members(deliveries, on)
        return cls(
            job=first.job,
            token=first.attempt,
            correlation_id=first.correlation_id,
            delivery_id=first.id,
            event_id=first.event_id,
            workspace_id=first.workspace_id,
            depth=max(each.depth for each in deliveries),
            members=members,
            misfits=misfits,
        )

    @property
    def event(self) -> Event:
        """The event, typed; of a batch, the first that fits its type."""
        return self.members[0].event

    @property
    def cause(self) -> Cause:
        """What the events that the attempt sends are sent for."""
        return Cause(self.event_id, self.correlation_id, self.depth)

    def end_misfits(self, connection: Connection) -> None:
        """End the misfits as failed, in the transaction of the claim. The first of a batch is kept for the fence of the
        others, and ends with them."""
        ended = [each for each in self.misfits if not self.members or each.delivery_id != self.delivery_id]
        if ended:
            self._settle(connection, [Outcome.of(each.delivery_id, each.event.error) for each in ended])
            self.ended_misfits = ended
            self.misfits = [each for each in self.misfits if each not in ended]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hold the lease and be the current attempt until the block ends."""
        hold = Hold(self.delivery_id, self.token, settings().lease_seconds)
        with Lease(hold) as self._lease, job_under_way(), being(self):
            yield

    @contextmanager
    def as_current(self) -> Iterator[None]:
        """Be the current attempt until the block ends."""
        with being(self):
            yield

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
        if self.light is not None:
            self.light.begin_step()
            return
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
            progress: plain data, such as ``{"rows": 5000, "bytes": 81920, "total_bytes": 163840}``.

        Raises:
            NotStorable: it cannot be stored; the message names the place in it.
        """
        document = stored_json(progress, "the progress", "progress")
        try:
            with storing("the progress"), database().transaction() as connection:
                connection.execute(_statement("progress"), self._fence | {"progress": document})
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
            outcomes: one per member: a result of plain data, or an error, which makes the delivery a dead letter. What
                cannot be stored is such an error, and names the place in it.

        Raises:
            StaleAttempt: a later attempt has the deliveries.
        """
        ends = [
            *(Outcome.of(each.delivery_id, end) for each, end in zip(self.members, outcomes, strict=True)),
            *(Outcome.of(each.delivery_id, each.event.error) for each in self.misfits),
        ]
        try:
            self._end(ends)
        except DBAPIError as error:
            verdict = verdict_of(error)
            if verdict is None or not verdict.of_values:
                raise
            self._end(without_refused(ends))

    def _end(self, outcomes: Sequence[Outcome]) -> None:
        if self.light is not None:
            self.light.settle(outcomes)
            return
        states = {each.delivery_id: each.state for each in outcomes}
        for trial in while_database_restarts(settings().lease_seconds):
            with trial, database().transaction() as connection:
                ended = self._settle(connection, outcomes)
                wake_relay(connection)
                if not ended and not self._has_ended_as(connection, states[self.delivery_id]):
                    raise StaleAttempt(
                        f"delivery {self.delivery_id}: attempt {self.token} may not settle, a later one has it"
                    )
        self.end_lease()

    def keep_steps(self) -> None:
        """Have what the steps of a light run have done written down before the run goes on, or ends to wait. An
        ordinary run has it written already.

        Raises:
            StaleAttempt: a later attempt has the delivery.
        """
        if self.light is not None and (written := self.light.flush()) is not None:
            written.result()

    def end_lease(self) -> None:
        """Renew it no more: the delivery is this attempt's no longer."""
        if self._lease is not None:
            self._lease.end()

    def _settle(self, connection: Connection, outcomes: Sequence[Outcome]) -> list[UUID]:
        """End deliveries of the attempt, the fence of the others last, and record the failures among them."""
        ended: list[UUID] = []
        for document in documents(sorted(outcomes, key=lambda each: each.delivery_id == self.delivery_id)):
            ended += connection.execute(_statement("settle"), self._fence | {"outcomes": document}).scalars()
        failed = {each.delivery_id for each in outcomes if each.state == DeliveryState.FAILED}
        record_failures(connection, [each for each in ended if each in failed])
        return ended

    def _has_ended_as(self, connection: Connection, state: str) -> bool:
        """Whether this attempt has ended so already: its COMMIT went through, and only the answer was lost."""
        found = holder(connection, self.delivery_id)
        return found is not None and (found.attempt, found.state) == (self.token, state)

    @property
    def _fence(self) -> dict[str, Any]:
        return {"delivery_id": self.delivery_id, "attempt": self.token}
