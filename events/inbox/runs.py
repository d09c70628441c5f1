"""What the inbox knows of Prefect's flow runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox.standing import Standing
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A flow run that has ended, as Prefect tells of it.

    Attributes:
        created_at: by the clock of Prefect's server.
    """

    id: UUID
    delivery_id: UUID
    created_at: datetime | None


def note_run(delivery_id: UUID, dispatches: int, flow_run_id: UUID) -> None:
    """Remember the run that a dispatch asked for, so that the sweeper can see how it fares."""
    with database().transaction() as connection:
        connection.execute(
            _statement("run_created"),
            {"delivery_id": delivery_id, "dispatches": dispatches, "flow_run_id": flow_run_id},
        )


def anything_in_flight() -> bool:
    """Whether Prefect may know of a run that ended and that the inbox still counts on."""
    with database().transaction() as connection:
        return bool(connection.execute(_statement("anything_in_flight")).scalar())


def in_flight_of(runs: Sequence[EndedRun]) -> list[Standing]:
    """The deliveries in flight that ended runs were meant for, each with its run's id."""
    parameters = {
        "run_ids": [run.id for run in runs],
        "delivery_ids": [run.delivery_id for run in runs],
        "created_at": [run.created_at for run in runs],
    }
    with database().transaction() as connection:
        return [Standing.of(row) for row in connection.execute(_statement("in_flight_of_runs"), parameters)]


def running() -> list[Standing]:
    """The deliveries that runs work on; of a batch, the first."""
    with database().transaction() as connection:
        return [Standing.of(row) for row in connection.execute(_statement("running"))]


def alive(run_ids: Sequence[UUID], *, grace_seconds: float) -> dict[UUID, bool]:
    """The flow runs that the inbox knows among these, and whether each still does something.

    Args:
        grace_seconds: a run whose delivery was settled less long ago is still on its way out.
    """
    parameters = {"run_ids": list(run_ids), "grace_seconds": grace_seconds}
    with database().transaction() as connection:
        rows = connection.execute(_statement("runs_of_deliveries"), parameters).all()
    return {row.flow_run_id: bool(row.alive) for row in rows}


def runs_by_job(connection: Connection, workspace_id: WorkspaceId, jobs: Sequence[str]) -> dict[str, tuple[int, UUID]]:
    """The flow runs that had deliveries of a workspace last, by job: how many, and the id of one.

    Deliveries of a batch share one, and so do light ones. A job that had none is left out.
    """
    rows = connection.execute(_statement("runs_by_job"), {"workspace_id": workspace_id, "jobs": list(jobs)}).all()
    return {row.job: (row.number, row.one) for row in rows}
