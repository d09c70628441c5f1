"""Workers of this project's own type: which are there, what they may hold, and which of them takes which run.

A run that is about to be made is meant for one worker, so that the others neither look for it nor ask Prefect for it.
Nothing depends on it: whoever takes a run, Prefect gives it to one worker, and the inbox a delivery to one run.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

CHANNEL = "groundwork_posted"
"""What workers listen to."""
SILENT_SECONDS = 10.0
"""After so long without a word, a worker counts as gone. Too short: on a busy machine one that works is passed over.
Too long: runs are meant for a worker whose machine is lost, and wait for another one to look."""
_AT_ONCE = 200
"""Deliveries that one notification names: PostgreSQL takes 8,000 bytes."""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A worker, as it tells of itself.

    Attributes:
        id: of its process.
        name: in Prefect.
        places: runs at once; None: as many as its work pool allows.
        session_pid: process id, in PostgreSQL, of the session in which it listens; None: it hears nothing.
    """

    id: UUID
    name: str
    work_pool: str
    places: int | None
    session_pid: int | None


@dataclass
class _Room:
    """What a worker holds at present."""

    id: UUID
    work_pool: str
    places: int | None
    runs: int

    @property
    def full(self) -> bool:
        return self.places is not None and self.runs >= self.places


def tell(connection: Connection, worker: Worker) -> dict[UUID, str]:
    """Tell that a worker is there. To be repeated, well within :data:`SILENT_SECONDS`.

    Returns:
        The workers that are there, each with its work pool.
    """
    connection.execute(_statement("tell"), vars(worker))
    return {row.id: row.work_pool for row in _online(connection)}


def take_leave(connection: Connection, worker_id: UUID) -> None:
    """Tell that a worker takes no more runs."""
    connection.execute(_statement("take_leave"), {"id": worker_id})


def places_online(connection: Connection) -> dict[str, int | None]:
    """Runs that the workers of each pool may hold together; None where one of them says no number. Pools of which no
    worker tells, because there is none or it is of another type, are not in it."""
    rows = connection.execute(_statement("places"), {"silent_seconds": SILENT_SECONDS})
    return {row.work_pool: None if row.places is None else int(row.places) for row in rows}


def mean_for_workers(
    connection: Connection, deliveries: Mapping[UUID, str], *, not_for: UUID | None = None
) -> dict[UUID, UUID]:
    """Choose a worker for each run that is about to be made, and tell them.

    Args:
        deliveries: of which Prefect is told, each with its job's work pool.
        not_for: a worker that has no room after all.

    Returns:
        The worker of each; where a pool has none that tells of itself, its deliveries are not in it.
    """
    pools: dict[str, list[_Room]] = defaultdict(list)
    for row in _online(connection):
        if row.id != not_for:
            pools[row.work_pool].append(row)
    chosen = {delivery_id: _take_place(pools[pool]) for delivery_id, pool in deliveries.items() if pools[pool]}
    told = _told(chosen)
    if told:
        connection.execute(_statement("notify_workers"), {"told": told})
    return chosen


def note_meant_for(connection: Connection, chosen: Mapping[UUID, UUID]) -> None:
    """Note the workers of runs that were meant for others until now."""
    if chosen:
        parameters = {"delivery_ids": list(chosen), "worker_ids": list(chosen.values())}
        connection.execute(_statement("mean_for"), parameters)


def tidy_workers(connection: Connection) -> None:
    """Forget workers that have been gone for long."""
    connection.execute(_statement("tidy_workers"))


def meant(told: str) -> tuple[UUID, list[UUID]] | None:
    """What a notification says: a worker, and the deliveries whose runs it is to take.

    Anybody who may connect may notify: None where it is none of ours.
    """
    try:
        worker_id, *delivery_ids = (UUID(each) for each in told.split())
    except ValueError:
        return None
    return worker_id, delivery_ids


def _take_place(workers: Sequence[_Room]) -> UUID:
    """The worker that holds least for its size; one that is full only where all are."""
    most = max((each.places for each in workers if each.places is not None), default=1)
    room = min(workers, key=lambda each: (each.full, (each.runs + 1) / (each.places or most)))
    room.runs += 1
    return room.id


def _told(chosen: Mapping[UUID, UUID]) -> list[str]:
    each_ones: dict[UUID, list[str]] = defaultdict(list)
    for delivery_id, worker_id in chosen.items():
        each_ones[worker_id].append(delivery_id.hex)
    return [
        " ".join([worker_id.hex, *ids[start : start + _AT_ONCE]])
        for worker_id, ids in each_ones.items()
        for start in range(0, len(ids), _AT_ONCE)
    ]


def _online(connection: Connection) -> list[_Room]:
    rows = connection.execute(_statement("online"), {"silent_seconds": SILENT_SECONDS}).mappings()
    return [_Room(**row) for row in rows]
