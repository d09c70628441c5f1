"""Which deliveries may run now."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Connection, text

from groundwork.blocks.database import database
from groundwork.blocks.schema.states import DEATHS_ALONE
from groundwork.blocks.settings import settings
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.events.inbox.queue import Due, bring_up_to_date, what_is_due
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.wake import wake_hosts
from groundwork.events.inbox.workers import mean_for_workers, tidy_workers

_statement = statements_of(__file__)
_admit_without_limits = text(re.sub(r"/\* of limits: \*/.*?/\* end \*/", "", _statement("admit").text, flags=re.DOTALL))

LANES_AT_ONCE = 256
"""Lanes of a job that one admission looks at, some 40 µs each."""
READY = 3
"""Light deliveries in flight for each place of a host: those that run, and those that are ready when a place is free.
Too low: hosts wait for the relay. Too high: what comes later and is more urgent waits behind them."""
_TIDY = ("tidy_shares", "tidy_throttles", "tidy_rates", "tidy_idempotency", "tidy_hosts")


@dataclass(frozen=True, slots=True)
class Admitted:
    """A delivery that may run now; of a batch the first.

    Attributes:
        dispatches: runs asked for so far, this one included.
        work_pool: of its job.
        light: a host takes it on, and no run is asked for it alone.
    """

    id: UUID
    job: str
    workspace_id: str
    dispatches: int
    event_id: UUID
    event_name: str
    causation_id: UUID | None
    correlation_id: UUID
    work_pool: str = WORK_POOL
    light: bool = False


@dataclass(frozen=True, slots=True)
class LightCapacity:
    """How many light deliveries may be in flight at once.

    Attributes:
        total: of all light jobs.
        interactive_share: of it, which those that are not interactive leave free where there is an interactive one.
    """

    total: int
    interactive_share: float

    @classmethod
    def of_hosts(cls) -> Self:
        """That of the hosts that there may be, as the settings say; one more is there for interactive jobs."""
        hosts = settings().host_places
        return cls(hosts * settings().light_places * READY, 1 / hosts)


def admit(
    capacity: int | Mapping[str, int], held: Sequence[str] = (), light: LightCapacity | None = None
) -> list[Admitted]:
    """Admit what lanes and workers have room for, oldest first within a lane.

    Args:
        capacity: runs the workers may hold at once, those in flight included, of each work pool; a number is that of
            the pool of jobs that name none. Hosts have places of their own.
        held: jobs that cannot start.
        light: what the hosts may hold; None: what the settings say.

    Returns:
        The admitted deliveries, of a batch the first, in order of acceptance; each has until its claim deadline to be
        claimed.
    """
    with database().transaction() as connection:
        due = _look(connection)
        return admit_within(connection, capacity, held, due=due, light=light)


def admit_own(connection: Connection, jobs: Sequence[str]) -> None:
    """Admit light deliveries of a host's own jobs, which it claims within the same transaction.

    No others are looked at, so that this takes no longer beside many. What is to be run alone is left to the relay,
    which asks for its run.
    """
    _admit_light(connection, limits=_look(connection).limits, own=jobs)


def _look(connection: Connection) -> Due:
    """Hold the admission and bring all up to date; what there was to do for it."""
    hold_admission(connection)
    due = what_is_due(connection)
    bring_up_to_date(connection, due)
    return due


def admit_within(
    connection: Connection,
    capacity: int | Mapping[str, int],
    held: Sequence[str] = (),
    *,
    due: Due | None = None,
    light: LightCapacity | None = None,
) -> list[Admitted]:
    """Admit in the caller's transaction, which holds the admission; otherwise like :func:`admit`.

    Args:
        due: what there is to look for, which spares the cost of all else; None: not known.
    """
    admitted: list[Any] = []
    limits = due is None or due.limits
    capacities = {WORK_POOL: capacity} if isinstance(capacity, int) else capacity
    for_hosts, pools = _kinds_queued(connection) if due is None or due.light or len(capacities) > 1 else (False, None)
    if for_hosts:
        admitted += _admit_light(connection, held, light, limits=limits)
        wake_hosts(connection, {row.job for row, is_light in admitted if is_light})
    for pool, places in capacities.items():
        if places and (pools is None or pool in pools):
            said = {"light": False, "work_pool": pool, "capacity": places, "share": settings().interactive_share}
            admitted += _admit(connection, said | {"held": list(held)}, limits=limits)
    _commit_soon(connection, admitted)
    return [
        Admitted(
            row.id,
            row.job,
            row.workspace_id,
            row.dispatches,
            row.event_id,
            row.event_name,
            row.causation_id,
            row.correlation_id,
            row.work_pool,
            light=is_light,
        )
        for row, is_light in sorted(admitted, key=lambda each: each[0].sequence)
    ]


def _commit_soon(connection: Connection, admitted: Sequence[tuple[Any, bool]]) -> None:
    """Do not wait for the disk where hosts take on all that was admitted: their claims wait for all that was written
    before, and with what a crash of the database loses, nobody has begun. A run of its own is asked for elsewhere."""
    if admitted and all(is_light for _, is_light in admitted):
        connection.execute(_statement("commit_soon"))


def _kinds_queued(connection: Connection) -> tuple[bool, Sequence[str]]:
    """Whether there is something to admit for hosts, and for runs of their own of which work pools."""
    kinds = connection.execute(_statement("kinds_queued")).one()
    return kinds.light, kinds.pools


def _admit_light(
    connection: Connection,
    held: Sequence[str] = (),
    light: LightCapacity | None = None,
    *,
    limits: bool,
    own: Sequence[str] | None = None,
) -> list[tuple[Any, bool]]:
    """Admit deliveries for hosts: of all light jobs, or of the host's own ones that asks."""
    of_hosts = light or LightCapacity.of_hosts()
    said = {
        "light": True,
        "work_pool": WORK_POOL,
        "capacity": of_hosts.total,
        "share": of_hosts.interactive_share,
        "own": None if own is None else list(own),
        "held": list(held),
        # Its start is no run's: nobody gives way to it.
        "give_way_seconds": 0.0,
    }
    return _admit(connection, said, limits=limits)


def _admit(connection: Connection, said: dict[str, Any], *, limits: bool) -> list[tuple[Any, bool]]:
    """Admit deliveries of one kind; each with whether a host is to run it."""
    statement = _statement("admit") if limits else _admit_without_limits
    parameters = {
        "claim_seconds": settings().claim_seconds,
        "lanes": LANES_AT_ONCE,
        "own": None,
        **_giving_way(),
    } | said
    rows = connection.execute(statement, parameters).all()
    return [(row, said["light"] and row.deaths < DEATHS_ALONE) for row in rows]


def hold_admission(connection: Connection) -> None:
    """Let nobody else admit until the caller's transaction ends."""
    connection.execute(_statement("admission_lock"))


def seconds_until_next() -> float | None:
    """When to look again though nothing is written to the inbox: a start in the future, or a batch that fills up."""
    with database().transaction() as connection:
        seconds = connection.execute(_statement("next_look"), _giving_way()).scalar()
    return None if seconds is None else float(seconds)


def note_posted(admitted: Sequence[Admitted]) -> None:
    """Record that Prefect has the events of these deliveries, and tell the workers which of them is to take each run;
    only now their time to be claimed begins."""
    delivery_ids = [each.id for each in admitted]
    with database().transaction() as connection:
        chosen = mean_for_workers(connection, {each.id: each.work_pool for each in admitted})
        connection.execute(
            _statement("posted"),
            {
                "delivery_ids": delivery_ids,
                "worker_ids": [chosen.get(each) for each in delivery_ids],
                "claim_seconds": settings().claim_seconds,
            },
        )


def tidy() -> None:
    """Forget what admission kept count of and does not need any more."""
    with database().transaction() as connection:
        for name in _TIDY:
            connection.execute(_statement(name))
        tidy_workers(connection)


def _giving_way() -> dict[str, float]:
    return {
        "give_way_seconds": settings().give_way_seconds,
        "bulk_start_seconds": settings().bulk_start_seconds,
    }
