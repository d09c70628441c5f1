"""What a job's body waits for: set up, answered and given up in the database, under the fence of its attempt."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.errors import ConfigurationError, StaleAttempt, Suspended
from groundwork.blocks.retry import while_database_restarts
from groundwork.blocks.settings import settings
from groundwork.events.base import Event
from groundwork.events.inbox.accept import NewEvent, accept
from groundwork.events.inbox.attempt import Attempt
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.storing import storing
from groundwork.events.inbox.wake import wake_relay

_statement = statements_of(__file__)


@dataclass(frozen=True, kw_only=True)
class Wait:
    """What is waited for.

    Attributes:
        name: of the wait, unique within the delivery.
        kind: ``sleep``, ``event`` or ``job``.
        seconds: how long at most.
        until: when it is over at the latest, instead of ``seconds``.
        event_name: of the event that answers it.
        match: fields in wire form that the answering event has.
        since: an event that was accepted from then on answers it; None: from the acceptance of the delivery's own on.
        target_event_id, target_job: whose end answers it.
    """

    name: str
    kind: str
    seconds: float | None = None
    until: datetime | None = None
    event_name: str | None = None
    match: dict[str, Any] | None = None
    since: datetime | None = None
    target_event_id: UUID | None = None
    target_job: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """Those of the statement that sets it up."""
        return {
            "name": self.name,
            "kind": self.kind,
            "seconds": self.seconds,
            "until": self.until,
            "event_name": self.event_name,
            "match": None if self.match is None else json.dumps(self.match),
            "match_field": next(iter(self.match), None) if self.match else None,
            "since": self.since,
            "target_event_id": self.target_event_id,
            "target_job": self.target_job,
        }


def answer_to(attempt: Attempt, wait: Wait, event: Event | None = None) -> dict[str, Any] | None:
    """The answer to a wait, or None where its time came first. The first call sets it up; each later one of the same
    delivery and name tells the same.

    Args:
        event: that of the job that is waited for. It is sent as the wait is set up; both, or neither.

    Returns:
        The data of an event in wire form, or how another job's delivery ended: ``state``, ``result``, ``error``.

    Raises:
        Suspended: there is no answer yet. The delivery waits, and this run ends.
        ConfigurationError: the name stands for a wait of another kind; no job listens to the event, several do and none
            is named, or the named one does not.
        StaleAttempt: a later attempt has the delivery.
    """
    attempt.keep_steps()
    for trial in while_database_restarts(settings().lease_seconds):
        with trial, database().transaction() as connection:
            is_set_up = _find(connection, attempt, wait) is not None
    if not is_set_up:
        _set_up(attempt, wait, event)
    for trial in while_database_restarts(settings().lease_seconds):
        # In another transaction than the one that set it up: see look_back.
        with trial, database().transaction() as connection:
            found = _answer(connection, attempt, wait)
    if isinstance(found, Suspended):
        attempt.end_lease()
        raise found
    return found


def _set_up(attempt: Attempt, wait: Wait, event: Event | None) -> None:
    if wait.kind == "event":
        _have_noted(wait.event_name or "")
    for trial in while_database_restarts(settings().lease_seconds):
        with trial, storing(f"the wait {wait.name!r}"), database().transaction() as connection:
            attempt.keep_fence(connection)
            aimed = wait if event is None else _aimed(connection, attempt, wait, event)
            own = {"delivery_id": attempt.delivery_id, "attempt": attempt.token}
            connection.execute(_statement("set_up"), aimed.parameters | own)


def _aimed(connection: Connection, attempt: Attempt, wait: Wait, event: Event) -> Wait:
    """A wait for the job that an event is sent for, with its target."""
    dedupe_id = f"{attempt.delivery_id}:invoke:{wait.name}"
    [accepted] = accept(connection, [NewEvent.of(event, dedupe_id=dedupe_id, source=attempt.job)])
    listening = list(connection.execute(_statement("listeners"), {"event_id": accepted.id}).scalars())
    job = _the_target(event, listening, wait.target_job)
    connection.execute(_statement("note_target"), {"event_id": accepted.id, "job": job})
    return replace(wait, target_event_id=accepted.id, target_job=job)


def _have_noted(event_name: str) -> None:
    """Have events of a name noted as arrivals. Acceptances hold on for the first wait ever for one of the name."""
    with database().transaction() as connection:
        if connection.execute(_statement("is_awaited"), {"event_name": event_name}).scalar():
            return
    for trial in while_database_restarts(settings().lease_seconds):
        with trial, database().transaction() as connection:
            connection.execute(_statement("short_patience"))
            connection.execute(_statement("hold_acceptances"))
            connection.execute(_statement("note_awaited"), {"event_name": event_name})


def _find(connection: Connection, attempt: Attempt, wait: Wait) -> Any:
    address = {"delivery_id": attempt.delivery_id, "name": wait.name}
    found = connection.execute(_statement("find"), address).one_or_none()
    if found is not None and (found.kind, found.event_name) != (wait.kind, wait.event_name):
        was = {
            "sleep": "a sleep",
            "event": f"a wait for {found.event_name}",
            "job": "an invocation",
            "retry": "the record of a step's tries",
        }[found.kind]
        raise ConfigurationError(
            f"{wait.name!r} was {was} when this delivery set it up. Give what the code waits for now another name"
        )
    return found


def _answer(connection: Connection, attempt: Attempt, wait: Wait) -> dict[str, Any] | Suspended | None:
    found = _find(connection, attempt, wait)
    if found is None:
        raise StaleAttempt
    address = {"delivery_id": attempt.delivery_id, "name": wait.name}
    if found.state != "waiting":
        return found.answer  # type: ignore[no-any-return]
    look = {"event": "look_back", "job": "look_for_end"}.get(wait.kind)
    if look is not None:
        answered = connection.execute(_statement(look), address).one_or_none()
        if answered is not None:
            return answered.answer  # type: ignore[no-any-return]
    if found.due:
        connection.execute(_statement("end_wait"), address)
        return None
    return suspend(connection, attempt, found.due_at, _in_words(wait.name, found))


def _in_words(name: str, found: Any) -> str:
    """What is waited for, for ``groundwork status``."""
    match found.kind:
        case "event":
            return f"{name}: event {found.event_name}"
        case "job":
            return f"{name}: job {found.target_job}"
    return f"{name}: its time"


def suspend(connection: Connection, attempt: Attempt, until: datetime, waiting_for: str) -> Suspended:
    """Let a delivery wait for a time, and give the worker's place back. The run ends once the caller's transaction has
    committed.

    Returns:
        What ends it: raise it then.

    Raises:
        StaleAttempt: a later attempt has the delivery.
    """
    own = {"delivery_id": attempt.delivery_id, "attempt": attempt.token}
    row = connection.execute(_statement("suspend"), own | {"due_at": until, "waiting_for": waiting_for}).one_or_none()
    # Its COMMIT may have gone through, and only the answer was lost.
    if row is None and not connection.execute(_statement("is_suspended"), own).scalar():
        raise StaleAttempt
    wake_relay(connection)
    return Suspended(f"{waiting_for}. It waits until {until:%Y-%m-%d %H:%M:%S %Z} at the latest.")


def _the_target(event: Event, listening: list[str], job: str | None) -> str:
    if not listening:
        raise ConfigurationError(
            f"invoke({event.event_name}): no job listens to it. `groundwork deploy` registers jobs"
        )
    if job is None and len(listening) > 1:
        raise ConfigurationError(
            f"invoke({event.event_name}): {', '.join(listening)} listen to it. Say whose result is wanted: job=…"
        )
    if job is not None and job not in listening:
        raise ConfigurationError(
            f"invoke({event.event_name}): job {job!r} does not listen to it; {', '.join(listening)} do"
        )
    return job or listening[0]
