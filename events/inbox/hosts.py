"""Hosts: the flow runs that carry light deliveries. They are asked for, note themselves, and end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.retry import while_database_restarts
from groundwork.blocks.settings import settings
from groundwork.events.inbox.admission import Admitted
from groundwork.events.inbox.runs import EndedRun
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

PATIENCE_SECONDS = 1.0
"""How long a light delivery waits for a host that is there before another one is asked for. Too short: hosts start for
what the next moment would have done."""
_MOMENT_SECONDS = 5.0
"""After which a host has to know what it has claimed."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A host that was asked for and has not come.

    Attributes:
        delivery_id: with which it was asked for.
    """

    id: int
    delivery_id: UUID
    job: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What a host hears of itself.

    Attributes:
        known: whether it is a host still: not where its process was taken for dead.
        succeeded: whether another host of its kind is there.
        deployed_at: when a job was registered last.
    """

    known: bool
    succeeded: bool
    deployed_at: datetime | None


@dataclass(frozen=True, slots=True)
class HostStatus:
    """A host, as people see it.

    Attributes:
        interactive: whether it runs interactive jobs; others otherwise.
        flow_run_id: None where it has not begun.
        settled: deliveries that it has ended.
        leaving_at: since when it is about to end.
    """

    interactive: bool
    flow_run_id: UUID | None
    jobs: list[str]
    places: int
    in_use: int
    settled: int
    asked_at: datetime
    began_at: datetime | None
    leaving_at: datetime | None


def ask_for_hosts(held: Sequence[str] = ()) -> list[Admitted]:
    """Note which hosts are wanted and have not been asked for.

    Args:
        held: jobs that cannot start.

    Returns:
        A delivery for each, whose job's deployment is to be started with it, as for an ordinary run.
    """
    parameters = {
        "held": list(held),
        "claim_seconds": settings().claim_seconds,
        "patience": PATIENCE_SECONDS,
        "most": settings().light_hosts,
    }
    asked = []
    with database().transaction() as connection:
        for row in connection.execute(_statement("hosts_wanted"), parameters).all():
            again = connection.execute(_statement("asked_before"), {"delivery_id": row.id}).scalar()
            dispatches = row.dispatches if again is None else again
            connection.execute(
                _statement("note_asked"),
                {"interactive": row.interactive, "delivery_id": row.id, "dispatches": dispatches},
            )
            asked.append(
                Admitted(
                    row.id,
                    row.job,
                    row.workspace_id,
                    dispatches,
                    row.event_id,
                    row.event_name,
                    row.causation_id,
                    row.correlation_id,
                )
            )
    return asked


def overdue_asks() -> list[Ask]:
    """Hosts that were asked for long enough ago to be there."""
    with database().transaction() as connection:
        parameters = {"claim_seconds": settings().claim_seconds}
        return [Ask(**row) for row in connection.execute(_statement("overdue_asks"), parameters).mappings()]


def ask_on(ask: Ask) -> None:
    """Give a host more time whose run waits for a worker."""
    with database().transaction() as connection:
        connection.execute(_statement("ask_on"), {"id": ask.id})


def drop_ask(ask: Ask) -> None:
    """Wait for a host no longer: another one may be asked for."""
    with database().transaction() as connection:
        connection.execute(_statement("drop_ask"), {"id": ask.id})


def begin_host(flow_run_id: UUID, delivery_id: UUID, jobs: Sequence[str]) -> bool | None:
    """Be the host that was asked for with a delivery.

    Args:
        jobs: light jobs that this process has the code of.

    Returns:
        Whether it is wanted; None where no host was asked for.
    """
    parameters = {
        "flow_run_id": flow_run_id,
        "delivery_id": delivery_id,
        "jobs": list(jobs),
        "places": settings().light_places,
        "most": settings().light_hosts,
        "lease_seconds": settings().lease_seconds,
    }
    for trial in while_database_restarts(settings().lease_seconds):
        with trial, database().transaction() as connection:
            return connection.execute(_statement("begin_host"), parameters).scalar()
    raise AssertionError("unreachable: the last trial raises")


def tell_of_host(flow_run_id: UUID, *, in_use: int, settled: int, leaving: bool) -> Notice:
    """Tell how a host fares, and hear how it stands."""
    parameters = {"flow_run_id": flow_run_id, "in_use": in_use, "settled": settled, "leaving": leaving}
    with database().transaction() as connection:
        return Notice(**connection.execute(_statement("tell_of_host"), parameters).mappings().one())


def end_host(flow_run_id: UUID, *, settled: int = 0) -> None:
    """Note that a host has ended, or that its process is gone."""
    with database().transaction() as connection:
        connection.execute(_statement("end_host"), {"flow_run_id": flow_run_id, "settled": settled})


def end_hosts(runs: Sequence[EndedRun]) -> None:
    """Note of hosts that Prefect saw end, or end before they began, that they are none."""
    parameters = {
        "run_ids": [run.id for run in runs],
        "delivery_ids": [run.delivery_id for run in runs],
        "created_at": [run.created_at for run in runs],
    }
    with database().transaction() as connection:
        connection.execute(_statement("end_hosts"), parameters)


def held_by(flow_run_id: UUID) -> set[tuple[UUID, int]]:
    """What a host holds by the inbox's account: deliveries, each with the number of the attempt."""
    with database().transaction() as connection:
        parameters = {"flow_run_id": flow_run_id, "moment": _MOMENT_SECONDS}
        return {(row.id, row.attempt) for row in connection.execute(_statement("held_by"), parameters)}


def hosts(connection: Connection) -> list[HostStatus]:
    """The hosts that there are, or are about to be."""
    return [HostStatus(**row) for row in connection.execute(_statement("hosts")).mappings()]
