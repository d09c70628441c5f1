"""Final failures on their way to the jobs that listen to them: events of :func:`groundwork.events.failed.Failed`."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection

from groundwork.events.failed import PREFIX, name_of_failure
from groundwork.events.inbox.accept import NewEvent, accept
from groundwork.events.inbox.chain import Cause
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

SOURCE = "groundwork"
"""Source of these events, for people."""


def record_failures(connection: Connection, delivery_ids: Sequence[UUID]) -> None:
    """Record that deliveries have failed for good, as events of their own, where a job listens to that.

    Args:
        connection: the transaction in which they failed: both are true, or neither is.
        delivery_ids: of those that failed, and maybe others.
    """
    if not delivery_ids:
        return
    rows = connection.execute(_statement("failures_listened_to"), {"ids": list(delivery_ids), "prefix": PREFIX}).all()
    accept(
        connection,
        [
            NewEvent(
                name=name_of_failure(row.event_name),
                workspace_id=row.workspace_id,
                user_id=row.user_id,
                data={
                    "workspaceId": row.workspace_id,
                    "failedDeliveryId": str(row.delivery_id),
                    "failedEventId": str(row.event_id),
                    "job": row.job,
                    "attempt": row.attempt,
                    "error": row.last_error or "",
                    "failedAt": row.failed_at.isoformat(),
                    "data": row.data,
                },
                # A delivery that is replayed and fails again has failed at another time.
                dedupe_id=f"{row.delivery_id}:{row.failed_at.isoformat()}",
                occurred_at=row.failed_at,
                source=SOURCE,
                cause=Cause(row.event_id, row.correlation_id, row.depth),
            )
            for row in rows
        ],
    )
