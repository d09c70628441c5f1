"""What people changed in the console, or took from it, who and when."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a person does.

    Attributes:
        actor: name of the key that the person signed in with.
        action: replay, discard, pause, resume, set or download.
        job: None: of several.
        workspace_id: None: of all.
        details: how many, what limit and so on; JSON-ready.
    """

    actor: str
    action: str
    job: str | None
    workspace_id: str | None
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A change as it was recorded."""

    id: int
    at: datetime
    actor: str
    action: str
    job: str | None
    workspace_id: str | None
    details: dict[str, Any]


def record(connection: Connection, change: Change) -> None:
    """Record a change, in the transaction in which it is made: both are true, or neither is."""
    connection.execute(
        _statement("record"),
        {
            "actor": change.actor,
            "action": change.action,
            "job": change.job,
            "workspace_id": change.workspace_id,
            "details": json.dumps(change.details),
        },
    )


def audit_entries(connection: Connection, *, before: int | None = None, most: int = 100) -> list[AuditEntry]:
    """Changes, the latest first.

    Args:
        before: only those with a smaller id than this.
    """
    rows = connection.execute(_statement("audit_entries"), {"before": before, "most": most}).mappings()
    return [AuditEntry(**row) for row in rows]
