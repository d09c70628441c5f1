"""What a workspace's own endpoint is to be told of: events, sent in the transaction that brings it about."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.blocks.uuid7 import uuid7
from groundwork.events.fitness.alerts import Alert
from groundwork.events.fitness.sync import ExternalPushWanted
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send_many
from groundwork.tasks.fitness.pushes.endpoint import wants_pushes

_SQL = Path(__file__).with_suffix(".sql")


def want_score_pushes(connection: Connection, workspace_id: WorkspaceId, member_ids: Sequence[str]) -> int:
    """Have the latest score of members pushed, unless the workspace has no endpoint that takes pushes.

    Args:
        connection: the transaction that has made the scores.

    Returns:
        How many pushes are wanted. Members without a score have none.
    """
    if not wants_pushes(connection, workspace_id):
        return 0
    values = {"workspace_id": str(workspace_id), "member_ids": list(member_ids)}
    rows = connection.execute(statement(_SQL, "latest_scores"), values)
    return _send(connection, [_push(workspace_id, row.member_id, "score", row.score) for row in rows])


def want_alert_pushes(connection: Connection, workspace_id: WorkspaceId, alerts: Sequence[Alert]) -> int:
    """Have alerts pushed, each with its type as ``alert``, unless the workspace has no endpoint that takes pushes.

    Args:
        connection: the transaction that has sent the alerts.

    Returns:
        How many pushes are wanted.
    """
    if not alerts or not wants_pushes(connection, workspace_id):
        return 0
    return _send(connection, [_push(workspace_id, each.member_id, "alert", _told(each)) for each in alerts])


def _told(alert: Alert) -> dict[str, Any]:
    # Workspace and member are told of every push.
    said = alert.model_dump(mode="json", by_alias=True, exclude={"workspace_id", "member_id"})
    return {"alert": alert.event_name, **said}


def _push(workspace_id: WorkspaceId, member_id: str, kind: str, payload: dict[str, Any]) -> ExternalPushWanted:
    return ExternalPushWanted.model_validate(
        {"workspace_id": workspace_id, "member_id": member_id, "kind": kind, "push_id": uuid7(), "payload": payload}
    )


def _send(connection: Connection, pushes: Sequence[ExternalPushWanted]) -> int:
    send_many(pushes, connection)
    return len(pushes)
