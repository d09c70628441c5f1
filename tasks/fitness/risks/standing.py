"""The risks of a workspace, for a route handler to show."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.risks.figures import FIGURES

_SQL = Path(__file__).with_suffix(".sql")


def risks(connection: Connection, workspace_id: WorkspaceId) -> list[dict[str, Any]]:
    """What is over its threshold now, the longest first. Members who have left are not among it.

    Returns:
        For each ``member_id``, ``name``, ``figure``, ``title``, ``unit``, ``value``, ``crossed_above``, ``day`` (of the
        value), ``since``, ``crossing``, ``alerted_on``, ``reasons``, and ``limits``: what the figure cannot say. Show
        these beside it.
    """
    rows = connection.execute(statement(_SQL, "standing"), {"workspace_id": str(workspace_id)})
    return [
        dict(row._mapping)
        | {
            "title": FIGURES[row.figure].title,
            "unit": FIGURES[row.figure].unit,
            "limits": FIGURES[row.figure].limits,
        }
        for row in rows
        if row.figure in FIGURES
    ]
