"""Events whose type is not known yet: kept as they were sent, and accepted once there is a type for them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.errors import NotStorable
from groundwork.blocks.storable import LONGEST_JSON
from groundwork.blocks.uuid7 import uuid7
from groundwork.events.inbox.accept import Accepted
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


@dataclass(frozen=True, kw_only=True)
class UnknownEvent:
    """An event of a name that no type has.

    Attributes:
        name: as it was sent.
        workspace_from: where its workspace was found: a path in it, or ``key``.
        document: the whole event, as it was sent.
        id: what it shall be known by; another one where some such event has this one already. None: a new one.
        request_id: a second event of the same source with it is a duplicate.
        sent_id: a second event of the same workspace with it is a duplicate, whatever its name.
    """

    name: str
    workspace_id: str
    workspace_from: str
    document: dict[str, Any]
    occurred_at: datetime
    source: str
    id: UUID | None = None
    request_id: UUID | None = None
    sent_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class KeptEvent(UnknownEvent):
    """Such an event as the inbox has it.

    Attributes:
        sequence: grows in the order of arrival.
    """

    id: UUID
    sequence: int
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class UnknownName:
    """How many events of a name and a workspace are kept."""

    name: str
    workspace_id: str
    events: int
    first_at: datetime
    last_at: datetime


def keep_unknown(connection: Connection, events: Sequence[UnknownEvent]) -> list[Accepted]:
    """Keep events whose type is not known yet. The caller commits; only then are they kept.

    Returns:
        One entry per event, in the same order.

    Raises:
        NotStorable: one of them is too large; nothing was stored.
    """
    if not events:
        return []
    ids = [event.id or uuid7() for event in events]
    rows = [vars(event) | {"position": position, "id": ids[position]} for position, event in enumerate(events)]
    document = _json(rows)
    if len(document) > LONGEST_JSON:
        for row in rows:
            if len(_json([row])) > LONGEST_JSON:
                raise NotStorable(f"the event {row['name']} is longer than {LONGEST_JSON:,} characters")
    kept = set(connection.execute(_statement("keep_unknown"), {"events": document}).scalars())
    known = [position for position, id in enumerate(ids) if id not in kept]
    if not known:
        return [Accepted(id, False) for id in ids]
    found = connection.execute(_statement("first_ids"), {"events": _json([rows[each] for each in known])})
    first: dict[int, UUID] = {row.position: row.id for row in found}
    taken = [position for position in known if position not in first]
    again = dict(zip(taken, keep_unknown(connection, [replace(events[each], id=None) for each in taken]), strict=True))
    return [again.get(position) or Accepted(first.get(position, id), id not in kept) for position, id in enumerate(ids)]


def unknown_names(
    connection: Connection, *, name: str | None = None, workspace_id: str | None = None
) -> list[UnknownName]:
    """What is kept, by name and workspace."""
    rows = connection.execute(_statement("unknown_names"), {"name": name, "workspace_id": workspace_id})
    return [UnknownName(**row) for row in rows.mappings()]


def lock_unknown(
    connection: Connection, name: str, *, workspace_id: str | None = None, behind: int = 0, most: int = 500
) -> list[KeptEvent]:
    """The oldest kept events of a name, locked until the transaction ends. Those that another one has locked are left
    out.

    Args:
        behind: only events whose sequence is greater.
        most: how many at most.
    """
    parameters = {"name": name, "workspace_id": workspace_id, "behind": behind, "most": most}
    return [KeptEvent(**row) for row in connection.execute(_statement("lock_unknown"), parameters).mappings()]


def unknown_event(connection: Connection, id: UUID) -> KeptEvent | None:
    """The kept event of an id; None where there is none."""
    row = connection.execute(_statement("unknown_event"), {"id": id}).mappings().one_or_none()
    return KeptEvent(**row) if row else None


def drop_unknown(connection: Connection, ids: Sequence[UUID]) -> None:
    """Delete kept events, which are accepted now."""
    connection.execute(_statement("drop_unknown"), {"ids": list(ids)})


def forget_unknown(connection: Connection, *, before: datetime, most: int) -> int:
    """Delete kept events that came before a time.

    Args:
        most: events to delete in this transaction.

    Returns:
        How many were deleted; fewer than ``most`` when there are no more.
    """
    return connection.execute(_statement("forget_unknown"), {"before": before, "most": most}).rowcount


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return json.dumps(rows, default=str, separators=(",", ":"))
