"""Events that somebody looks for, page by page, newest first.

A page costs what it shows, and what a search passes over is bounded: a search for something rare says how far it
looked, and goes on from there.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.schema.states import UNFINISHED, DeliveryState
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

LOOKED_AT = 20_000
"""Events that a page passes over at most. Too low: rare ones take many pages. Too high: a page takes seconds."""
FEW = 5_000
"""Deliveries in a state up to which they are read first, and their events then."""
MOST_OF_RUN = 200
"""Events of one flow run that are listed: a host carries thousands."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INDEXED = (*UNFINISHED, DeliveryState.FAILED)
"""States that a partial index has the deliveries of."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two events."""

    accepted_at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{(self.accepted_at - _EPOCH) // timedelta(microseconds=1):x}.{self.id.hex}"

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """A place as ``str`` writes it.

        Raises:
            ValueError: it is none.
        """
        moment, _, id = text.partition(".")
        try:
            return cls(_EPOCH + timedelta(microseconds=int(moment, 16)), UUID(id))
        except OverflowError as error:
            raise ValueError(str(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events are looked for; None is any.

    Attributes:
        state: of a delivery of theirs.
        job: of that delivery.
        since: accepted then or later.
        until: accepted before then.
        path: keys down to a field of the payload, which has the value as text.
        workspaces: further workspaces that they have to be of; None for any.
        names: further names that they have to be of; None for any.
    """

    workspace_id: str | None = None
    name: str | None = None
    state: DeliveryState | None = None
    job: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    path: tuple[str, ...] | None = None
    value: str | None = None
    workspaces: tuple[str, ...] | None = None
    names: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ListedDelivery:
    """A delivery in a list of events; of its error the beginning."""

    id: UUID
    job: str
    state: str
    attempt: int
    last_error: str | None
    flow_run_id: UUID | None
    accepted_at: datetime
    claimed_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """An event in a list.

    Attributes:
        source: name of the key, or of the run, that sent it.
    """

    id: UUID
    name: str
    workspace_id: str
    accepted_at: datetime
    source: str
    deliveries: list[ListedDelivery]


@dataclass(frozen=True, slots=True)
class Page:
    """Some events, newest first.

    Attributes:
        older: where the next page begins; None at the end.
        looked_to: how far a search has come that found fewer than it may show, and has not come to the end.
    """

    events: list[ListedEvent]
    older: Cursor | None
    looked_to: datetime | None = None


def search_events(connection: Connection, wanted: Wanted, *, before: Cursor | None = None, most: int = 50) -> Page:
    """The newest events that fit every condition."""
    parameters: dict[str, Any] = {
        "workspace_id": wanted.workspace_id,
        "name": wanted.name,
        "state": str(wanted.state) if wanted.state else None,
        "job": wanted.job,
        "since": wanted.since,
        "until": wanted.until,
        "path": list(wanted.path) if wanted.path else None,
        "value": wanted.value,
        "workspaces": list(wanted.workspaces) if wanted.workspaces is not None else None,
        "names": list(wanted.names) if wanted.names is not None else None,
        "before_at": before.accepted_at if before else None,
        "before_id": before.id if before else None,
        "most": most + 1,
    }
    few = _few_in_state(connection, parameters) if wanted.state in _INDEXED else None
    if few is not None:
        found = connection.execute(_statement("newest_of"), parameters | {"ids": few}).all()
    else:
        found = connection.execute(_statement("newest"), parameters | {"look": LOOKED_AT}).all()
    if len(found) > most:
        last = found[most - 1]
        return Page(_listed(connection, found[:most]), Cursor(last.accepted_at, last.id))
    looked_to = None
    if few is None and (wanted.state or wanted.job or wanted.path):
        looked_to = connection.execute(_statement("last_looked_at"), parameters | {"look": LOOKED_AT}).one_or_none()
    older = Cursor(looked_to.accepted_at, looked_to.id) if looked_to else None
    return Page(_listed(connection, found), older, looked_to.accepted_at if looked_to else None)


def events_of_ids(connection: Connection, ids: Sequence[UUID], *, workspace_id: str | None) -> list[ListedEvent]:
    """These events, newest first; those of other workspaces left out."""
    nothing = dict.fromkeys(
        ("name", "names", "workspaces", "since", "until", "before_at", "before_id", "path", "value")
    )
    parameters = nothing | {"ids": list(ids), "workspace_id": workspace_id, "most": len(ids)}
    return _listed(connection, connection.execute(_statement("newest_of"), parameters).all())


def events_of_sender(
    connection: Connection, sent_id: str, workspace_id: str, names: Sequence[str]
) -> list[ListedEvent]:
    """Events of a workspace by the id that their sender gave them.

    Args:
        names: of the event types that there are.
    """
    parameters = {"sent_id": sent_id, "workspace_id": workspace_id, "names": list(names)}
    return _listed(connection, connection.execute(_statement("by_sent_id"), parameters).all())


def events_of_run(connection: Connection, flow_run_id: UUID, *, workspace_id: str | None) -> list[ListedEvent]:
    """The newest events whose deliveries a flow run carries, or was the last to carry: several of a batch, and many of
    a host of light runs. Those of other workspaces are left out."""
    parameters = {"flow_run_id": flow_run_id, "most": MOST_OF_RUN}
    ids = connection.execute(_statement("of_run"), parameters).scalars().all()
    return events_of_ids(connection, ids, workspace_id=workspace_id)


def _few_in_state(connection: Connection, parameters: dict[str, Any]) -> list[UUID] | None:
    """Events of the deliveries in a state, unless these are many."""
    ids = list(connection.execute(_statement("in_state"), parameters | {"few": FEW}).scalars())
    return ids if len(ids) <= FEW else None


def _listed(connection: Connection, rows: Sequence[Any]) -> list[ListedEvent]:
    deliveries: dict[UUID, list[ListedDelivery]] = defaultdict(list)
    if rows:
        for row in connection.execute(_statement("deliveries"), {"ids": [each.id for each in rows]}):
            deliveries[row.event_id].append(
                ListedDelivery(**{name: getattr(row, name) for name in ListedDelivery.__slots__})
            )
    return [
        ListedEvent(row.id, row.name, row.workspace_id, row.accepted_at, row.source, deliveries[row.id]) for row in rows
    ]
