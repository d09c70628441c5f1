"""A member's scores, for a route handler to show."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId

_SQL = Path(__file__).with_suffix(".sql")


def scores(connection: Connection, workspace_id: WorkspaceId, member_id: str, *, days: int = 90) -> dict[str, Any]:
    """A member's scores of the last days, newest first, and what their benchmarks are worth.

    Args:
        days: scores of so many days, counted back from the last one.

    Returns:
        ``load``: a row for each day with all that it is made of, see ``docs/fitness-scores.md``;
        ``strength``: a row for each benchmark, newest first, 200 at most, with ``progress`` (a share of the member's
        own baseline; None where there is none) and ``flagged`` (beyond 12 repetitions, where no estimate counts).
    """
    member = {"workspace_id": str(workspace_id), "member_id": member_id, "days": days}
    load, strength = (
        [dict(row._mapping) for row in connection.execute(statement(_SQL, name), member)]
        for name in ("load", "strength")
    )
    return {"load": load, "strength": strength}
