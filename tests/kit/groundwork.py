"""The fixture ``groundwork``: jobs, events and time in the hands of a test."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import insert

from groundwork.blocks.blob.store import BlobStore, blob_store
from groundwork.blocks.database import Database, database
from groundwork.blocks.schema import app_user
from groundwork.events.base import Event
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import Admitted, admit
from groundwork.events.inbox.clock import advance
from groundwork.events.inbox.jobs import listening_jobs, register_job
from groundwork.events.inbox.rehearsal import KnownDelivery, admit_at_once, known_deliveries
from groundwork.flows.registry import JobSpec, jobs
from groundwork.testing.listeners import the_listener
from groundwork.testing.mails import Mail, mails_in
from groundwork.testing.outcome import Outcome
from groundwork.testing.running import Runner
from groundwork.testing.sent import SOURCE, sent_events, the_sent
from groundwork.testing.servers import Servers
from groundwork.testing.troubles import AWAY, let_fail

E = TypeVar("E", bound=Event)

_CAPACITY = 10_000
"""Runs at once, as far as admission is concerned: lanes limit them, and workers do not."""


class Groundwork:
    """Runs jobs in the test's own process, with production's claim, steps, ledger and settling, on a real PostgreSQL
    and with Prefect's engine. Nobody waits: neither between the tries of a step nor for a time to come.
    """

    def __init__(self, servers: Servers, patch: pytest.MonkeyPatch) -> None:
        self._servers = servers
        self._patch = patch
        self._runner = Runner(patch)
        self._known: Mapping[str, JobSpec] = jobs()

    @property
    def database(self) -> Database:
        """PostgreSQL, with the tables of the inbox and of the applications."""
        return database()

    @property
    def blobs(self) -> BlobStore:
        """The blob store, empty at the beginning of each test."""
        return blob_store()

    def send(self, event: Event, *, dedupe_id: str | None = None, occurred_at: datetime | None = None) -> UUID:
        """Send an event, as an application does; :meth:`drain` runs what is due.

        Args:
            dedupe_id, occurred_at: see :func:`groundwork.events.inbox.send`.

        Returns:
            The event's id.
        """
        self._register_new_jobs()
        return send(event, dedupe_id=dedupe_id, occurred_at=occurred_at, source=SOURCE)

    def run_now(self, event: Event, *, job: str | None = None) -> Outcome:
        """Send an event and run the job that listens, at once: past lane, throttle, debounce, singleton and start time.
        The deliveries of other jobs that listen stay queued, for :meth:`drain`.

        Args:
            job: name of the job, where several listen.

        Returns:
            How its delivery ended, by which attempt. An attempt that is interrupted is followed by the next. Where the
            job waits, its outcome so far: ``waiting_for`` says for what, and :meth:`drain` goes on once that is there.

        Raises:
            UnknownName: no job listens, or several do and none is named.
        """
        __tracebackhide__ = True
        self._register_new_jobs()
        with database().transaction() as connection:
            listening = listening_jobs(connection).get(event.event_name, [])
        name = the_listener(event, listening, job)
        event_id = self.send(event)
        while True:
            delivery = next(each for each in _deliveries() if (each.event_id, each.job) == (event_id, name))
            if delivery.ended or delivery.waiting_for:
                return self._outcome(delivery)
            with database().transaction() as connection:
                if not admit_at_once(connection, delivery.id):
                    raise AssertionError(f"delivery {delivery.id} of {name} is {delivery.state}: another run has it")
            self._run(name, delivery.id)

    def drain(self, *, most: int = 100) -> list[Outcome]:
        """Run whatever is due, and what that sends, until nothing is. What waits for a time is due after
        :meth:`advance`: a debounce, a throttle, a batch that is not full, a start in the future, the next attempt.

        Args:
            most: runs after which this is taken for a chain without an end.

        Returns:
            How each delivery ended, in that order; those that were superseded, skipped or dropped too.

        Raises:
            AssertionError: more than ``most`` runs were due.
        """
        __tracebackhide__ = True
        self._register_new_jobs()
        before = {each.id for each in _deliveries() if each.ended}
        runs = 0
        while due := admit(_CAPACITY):
            for admitted in due:
                if runs == most:
                    raise AssertionError(_endless(admitted, most))
                runs += 1
                self._run(admitted.job, admitted.id)
        return [self._outcome(each) for each in _deliveries() if each.ended and each.id not in before]

    def sent(self, kind: type[E]) -> list[E]:
        """The events of a type that were sent, in order; but not those that the test itself sent by this fixture."""
        return [event for event in sent_events() if isinstance(event, kind)]

    def assert_sent(self, kind: type[E], **fields: Any) -> E:
        """Check that an event was sent; one that the test itself sent by this fixture does not count.

        Args:
            fields: what it says, such as ``workspace_id="acme"``.

        Returns:
            The first such event.

        Raises:
            AssertionError: there is none; the message lists what was sent.
            UnknownName: the type has no field of this name.
        """
        __tracebackhide__ = True
        return the_sent(kind, fields)

    def fail_step(self, name: str, *, times: int = 1, error: BaseException | type[BaseException] = AWAY) -> None:
        """Let the next calls of a step raise, in place of what it does. Each try is a call.

        Args:
            name: of the step: ``charge-card``, or ``charge_card``.
            times: how many calls. More than its retries fail the job.
            error: what they raise. Default: an error that another try may get over.

        Raises:
            UnknownName: there is no such step; the message suggests the nearest names.
        """
        __tracebackhide__ = True
        let_fail(name, times, error, self._patch)

    def advance(self, seconds: float) -> None:
        """Let time pass in the inbox, without waiting. :meth:`drain` then runs what has become due.

        Args:
            seconds: how much. The clock of the process stays as it is: ``datetime.now()`` in a job does not notice.
        """
        with database().transaction() as connection:
            advance(connection, seconds)

    def outbox(self) -> list[Mail]:
        """The mails that were sent in this test, the oldest first."""
        return mails_in(self._servers.home / "outbox")

    def user(self, user_id: str, *, workspace_id: str, email: str | None = None, name: str | None = None) -> None:
        """Store a user, whom mails can be sent to.

        Args:
            email: default ``<user_id>@example.com``.
            name: what mails call them; default the id with a capital.
        """
        row = {
            "id": user_id,
            "workspace_id": workspace_id,
            "email": email or f"{user_id}@example.com",
            "name": user_id.title() if name is None else name,
        }
        with database().transaction() as connection:
            connection.execute(insert(app_user).values(**row))

    def _run(self, job: str, delivery_id: UUID) -> None:
        self._servers.need_prefect()
        self._runner.run(job, delivery_id)

    def _outcome(self, delivery: KnownDelivery) -> Outcome:
        return Outcome.of(delivery, self._runner.exceptions.get(delivery.id))

    def _register_new_jobs(self) -> None:
        """Tell the inbox of jobs that the test itself has defined since it began."""
        now = jobs()
        new = [spec for name, spec in now.items() if self._known.get(name) is not spec]
        if new:
            with database().transaction() as connection:
                for spec in new:
                    register_job(connection, spec.registration)
            self._known = now


def _deliveries() -> list[KnownDelivery]:
    with database().transaction() as connection:
        return known_deliveries(connection)


def _endless(next_one: Admitted, most: int) -> str:
    """What to say of a chain without an end."""
    waiting = next(each for each in _deliveries() if each.id == next_one.id)
    cause = f", sent by a job of {waiting.cause}" if waiting.cause else ""
    return (
        f"drain() has run {most} deliveries and more are due; the next is {next_one.job} for "
        f"{waiting.event_name}{cause}. If this chain of events has no end, mend it; if it is only long, say "
        f"drain(most={most * 10})"
    )
