"""Cancelling what has not ended yet."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from blocks.errors import ConfigurationError
from events.inbox.lanes import check_job
from events.inbox.statements import inbox_statement


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
    connection.execute(inbox_statement("admission_lock"))
    row = connection.execute(
        inbox_statement("cancel"),
        {
            "event_id": event_id,
            "job": job,
            "workspace_id": workspace_id,
            "queued_only": queued_only,
            "reason": reason,
        },
    ).one()
    connection.execute(inbox_statement("wake_relay"))
    return Cancellation.model_validate(row)
