"""How events enter the inbox."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

from pydantic_core import PydanticSerializationError
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from groundwork.blocks.database import database
from groundwork.blocks.errors import ConfigurationError, NotStorable
from groundwork.blocks.storable import LONGEST_JSON, Unstorable, as_plain, check_plain
from groundwork.blocks.uuid7 import uuid7
from groundwork.events.base import Event, UserEvent
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox.chain import Cause
from groundwork.events.inbox.current import current_attempt
from groundwork.events.inbox.follow_on import follow_on_id
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.storing import check_id, storing
from groundwork.events.inbox.traces import trace_accepted
from groundwork.events.inbox.wake import wake_interactive_host, wake_relay

_statement = statements_of(__file__)


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An event on its way into the inbox.

    Attributes:
        data: wire form, camelCase, without the envelope.
        dedupe_id: the sender's id; a second event of the same workspace and name with it is a duplicate.
        occurred_at: when it happened, by the sender's clock.
        source: who sent it: the name of a key, or of a run.
        starts_at: do not start its jobs before then; None means now.
        cause: the event for which it is sent; None for that of the job that runs, if one does.
        id: what it shall be known by; another one where some event has this one already. None: a new one.
        request_id: a second event of the same source with it is a duplicate, whatever its workspace and name.
        sent_id: a second event of the same workspace with it is a duplicate, whatever its name.
    """

    name: str
    workspace_id: str
    user_id: str | None
    data: dict[str, Any]
    dedupe_id: str
    occurred_at: datetime
    source: str
    starts_at: datetime | None = None
    cause: Cause | None = None
    id: UUID | None = None
    request_id: UUID | None = None
    sent_id: str | None = None

    @classmethod
    def of(
        cls, event: Event, *, dedupe_id: str | None = None, occurred_at: datetime | None = None, source: str
    ) -> Self:
        """The inbox form of a typed event. A time in the future delays its jobs until then.

        Raises:
            NotStorable: the event cannot be stored, and the message names the field; or its workspace or user breaks
                the rule for ids, which the event was made without looking at.
            ConfigurationError: nobody may send events of this type.
        """
        now = datetime.now(UTC)
        try:
            workspace_id = str(WorkspaceId(event.workspace_id))
            user_id = UserId(event.user_id) if isinstance(event, UserEvent) else getattr(event, "user_id", None)
        except (TypeError, ValueError) as error:
            raise NotStorable(f"{event.event_name}: {error}") from None
        return cls(
            name=event.event_name,
            workspace_id=workspace_id,
            user_id=user_id,
            data=_stored_data(event),
            dedupe_id=dedupe_id or str(uuid7()),
            occurred_at=occurred_at or now,
            source=source,
            starts_at=occurred_at if occurred_at and occurred_at > now else None,
        )


@dataclass(frozen=True)
class Accepted:
    """What became of an event: its id, and whether it had been stored before."""

    id: UUID
    duplicate: bool


def send(
    event: Event,
    session: Session | Connection | None = None,
    *,
    dedupe_id: str | None = None,
    occurred_at: datetime | None = None,
    source: str = "application",
) -> UUID:
    """Send an event from Python.

    Args:
        event: a typed event, already validated.
        session: the caller's transaction: the event exists if and only if it commits. None: a transaction of its own,
            committed on return. With an ``AsyncSession``: ``await session.run_sync(lambda s: send(event, s))``.
        dedupe_id: an id that makes a repeated send harmless, of at most 255 printable characters. Default within a job,
            without a session: one made of the delivery, the step and the event, so that a step that is tried again
            sends it once.
        occurred_at: when it happened; in the future, its jobs start then.
        source: name of the sender, for people.

    Returns:
        The event's id; of the first, where this one is a duplicate.

    Raises:
        NotStorable: an id breaks its rule, or the event holds what cannot be stored, and the message names the field;
            or PostgreSQL refuses it for good, in which case the caller's transaction has to be rolled back, as after
            any of its errors.
        ChainTooLong: a job sends it whose own event is the last that its chain may have.
        StaleAttempt: without a session, in a job whose delivery a later attempt has; nothing is sent.
    """
    if dedupe_id is not None:
        check_id(dedupe_id)
    new = NewEvent.of(event, dedupe_id=dedupe_id, occurred_at=occurred_at, source=source)
    if session is None and dedupe_id is None and (follow_on := follow_on_id(event)):
        new = replace(new, dedupe_id=follow_on)
    with storing(f"the event {event.event_name}"), sending(session) as connection:
        return accept(connection, [new])[0].id


@contextmanager
def sending(session: Session | Connection | None) -> Iterator[Connection]:
    """The transaction that events are sent in: the caller's, or one of its own, which keeps the fence of the attempt.

    Raises:
        StaleAttempt: it is one of its own, and a later attempt has the delivery of the job that sends.
    """
    if session is not None:
        yield session.connection() if isinstance(session, Session) else session
        return
    with database().transaction() as connection:
        if attempt := current_attempt():
            attempt.keep_fence(connection)
        yield connection


def accept(connection: Connection, events: Sequence[NewEvent]) -> list[Accepted]:
    """Store events and the deliveries of the jobs that listen. The caller commits; only then are they accepted.

    Args:
        connection: a transaction of the inbox's database.
        events: in the order in which they are to be delivered within their lanes.

    Returns:
        One entry per event, in the same order.

    Raises:
        NotStorable: one of them is too large; nothing was stored.
        ChainTooLong: a job sends them, and its event ends a chain that may grow no longer; nothing was stored.
        sqlalchemy.exc.DBAPIError: nothing was stored; :func:`~groundwork.blocks.verdict.verdict_of` tells whether
            another try may help.
    """
    if not events:
        return []
    attempt = current_attempt()
    ids = [event.id or uuid7() for event in events]
    rows = [
        _row(event, attempt.cause if attempt else None) | {"position": position, "id": ids[position]}
        for position, event in enumerate(events)
    ]
    for row in rows:
        row["correlation_id"] = row["correlation_id"] or row["id"]
    document = _json(rows)
    if len(document) > LONGEST_JSON:
        _check_size(rows)
    stored = {row.id: row for row in connection.execute(_statement("accept"), {"events": document})}
    for each in rows:
        if each["id"] in stored:
            trace_accepted(each)
    if rated := [row.id for row in stored.values() if row.rated]:
        connection.execute(_statement("limit_rate"), {"event_ids": rated})
    if cancelling := [row.id for row in stored.values() if row.cancels]:
        connection.execute(_statement("cancel_on"), {"events": document, "cancelling": cancelling})
    if stored:
        wake_relay(connection, at_once=any(row.interactive for row in stored.values()))
    if any(row.light_interactive for row in stored.values()):
        wake_interactive_host(connection)
    known = {position for position, event_id in enumerate(ids) if event_id not in stored}
    if not known:
        return [Accepted(id, False) for id in ids]
    first = _first_ids(connection, events, known)
    taken = sorted(known - first.keys())
    # Their ids are other events' own, which a stranger may have chosen so: they are stored under new ones.
    again = dict(zip(taken, accept(connection, [replace(events[each], id=None) for each in taken]), strict=True))
    return [
        again.get(position) or Accepted(first.get(position, id), position in known) for position, id in enumerate(ids)
    ]


def _row(event: NewEvent, sender: Cause | None) -> dict[str, Any]:
    """An event as the statement reads it.

    Args:
        sender: the event of the job that sends it; None where no job does.
    """
    if event.cause is None and sender is not None:
        sender.check(event.name)
    cause = event.cause or sender
    return {name: value for name, value in vars(event).items() if name != "cause"} | {
        "correlation_id": cause.correlation_id if cause else None,
        "causation_id": cause.event_id if cause else None,
        "depth": cause.depth + 1 if cause else 0,
    }


def _stored_data(event: Event) -> dict[str, Any]:
    if not event.sendable:
        raise ConfigurationError(f"{event.event_name} cannot be sent: the inbox alone records such events")
    try:
        data = event.wire()
        check_plain(data)
    except Unstorable as fault:
        raise _not_storable(event, fault) from None
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        # Pydantic does not say where: each field is looked into for it.
        fields = type(event).model_fields
        try:
            as_plain({fields[name].alias or name: value for name, value in event})
        except Unstorable as fault:
            raise _not_storable(event, fault) from None
        raise NotStorable(f"the event {event.event_name} cannot be stored: {error}") from error
    return data


def _not_storable(event: Event, fault: Unstorable) -> NotStorable:
    return NotStorable(f"the event {event.event_name} cannot be stored: {fault.told('')}")


def _check_size(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if (size := len(_json([row]))) > LONGEST_JSON:
            raise NotStorable(
                f"the event {row['name']} cannot be stored: it is {size:,} characters long, and {LONGEST_JSON:,} at "
                "most are kept. Put what is this large into the blob store, and send its key."
            )


def _first_ids(connection: Connection, events: Sequence[NewEvent], known: set[int]) -> dict[int, UUID]:
    keys = [
        {
            "position": position,
            "workspace_id": events[position].workspace_id,
            "name": events[position].name,
            "dedupe_id": events[position].dedupe_id,
            "source": events[position].source,
            "request_id": events[position].request_id,
            "sent_id": events[position].sent_id,
        }
        for position in known
    ]
    rows = connection.execute(_statement("first_ids"), {"keys": _json(keys)})
    return {row.position: row.id for row in rows}


def _json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, default=str, separators=(",", ":"))
