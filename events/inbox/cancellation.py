"""Cancelling what has not ended yet."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.errors import ConfigurationError
from groundwork.events.inbox.admission import hold_admission
from groundwork.events.inbox.delivered import Delivered
from groundwork.events.inbox.jobs import check_job
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.wake import wake_relay

_statement = statements_of(__file__)


class Cancellation(BaseModel):
    """What was cancelled.

    Attributes:
        queued: deliveries that had not been started, or waited for their next attempt.
        running: deliveries in flight; the relay cancels their runs within seconds.
        sharing: deliveries that were left alone, since they share a run, or their next attempt, with others that go on.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    queued: int
    running: int
    sharing: int


def cancel(
    connection: Connection,
    *,
    event_id: UUID | None = None,
    job: str | None = None,
    workspace_id: str | None = None,
    queued_only: bool = False,
    reason: str = "Cancelled by an operator.",
) -> Cancellation:
    """Cancel the unfinished deliveries of an event, of a job, of a workspace, or of both: one lane.

    Args:
        queued_only: leave alone what runs.
        reason: recorded as the deliveries' last error.

    Raises:
        UnknownName: there is no such job.
        ConfigurationError: neither event, job nor workspace is given.
    """
    check_job(connection, job)
    if event_id is None and job is None and workspace_id is None:
        raise ConfigurationError("say what to cancel: an event, a job, a workspace, or a job and a workspace")
    hold_admission(connection)
    row = connection.execute(
        _statement("cancel"),
        {
            "event_id": event_id,
            "job": job,
            "workspace_id": workspace_id,
            "queued_only": queued_only,
            "reason": reason,
        },
    ).one()
    wake_relay(connection)
    return Cancellation.model_validate(row)


@dataclass(frozen=True, slots=True)
class CancelledRun:
    """A delivery that was cancelled while a run of it may live.

    Attributes:
        flow_run_id: the run, as far as it is known.
        reason: why the delivery was cancelled.
    """

    delivery: Delivered
    flow_run_id: UUID | None
    reason: str


def runs_to_cancel() -> list[CancelledRun]:
    """Cancelled deliveries whose runs Prefect was not told to stop yet: 100 at most."""
    with database().transaction() as connection:
        rows = connection.execute(_statement("runs_to_cancel")).mappings().all()
    return [
        CancelledRun(
            Delivered(**{name: row[name] for name in Delivered.__slots__}), row["flow_run_id"], row["last_error"]
        )
        for row in rows
    ]


def note_run_cancelled(run: CancelledRun) -> bool:
    """Note that Prefect was told.

    Returns:
        False where another relay was faster.
    """
    with database().transaction() as connection:
        parameters = {"delivery_id": run.delivery.id}
        return connection.execute(_statement("run_cancelled"), parameters).scalar() is not None
