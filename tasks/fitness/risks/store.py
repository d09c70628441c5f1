"""Risks as they are kept: one row per member and figure that ever was over its threshold."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.fitness.alerts import Evidence
from groundwork.events.identifiers import WorkspaceId

_SQL = Path(__file__).with_suffix(".sql")
_DAYS = ["alerted_on", "valued_on", "since"]
_COLUMNS = ["place", "figure", "was_over", "crossing", "alerted", *_DAYS]


def known_risks(connection: Connection, workspace_id: WorkspaceId) -> pd.DataFrame:
    """The risks of the members in ``risk_member``, with days as numbers (NaN: never)."""
    rows = connection.execute(statement(_SQL, "known"), {"workspace_id": str(workspace_id)}).all()
    known = pd.DataFrame(rows, columns=_COLUMNS).astype({"place": "int64", "figure": "str"})
    for name in _DAYS:
        known[name] = known[name].map(date.toordinal, na_action="ignore").astype("float64")
    return known


def store_risks(
    connection: Connection,
    workspace_id: WorkspaceId,
    risks: pd.DataFrame,
    reasons: Callable[[Mapping[Any, Any]], tuple[Evidence, ...]],
) -> None:
    """Store risks as :func:`~groundwork.tasks.fitness.risks.crossing.crossed` gives them.

    Args:
        reasons: what a row's value is made of. Without a value, the value and the reasons that were stored stay.
    """
    rows = [
        {
            "member_id": row["member_id"],
            "figure": row["figure"],
            "over": row["over"],
            "value": None if pd.isna(row["value"]) else row["value"],
            "crossed_above": None if pd.isna(row["above"]) else row["above"],
            "crossing": row["crossing"],
            "alerted": row["alerted"],
            "reasons": [each.model_dump(mode="json") for each in reasons(row)],
        }
        | {name: None if pd.isna(row[name]) else str(date.fromordinal(int(row[name]))) for name in _DAYS}
        for row in risks.to_dict("records")
    ]
    if rows:
        connection.execute(statement(_SQL, "store"), {"workspace_id": str(workspace_id), "rows": json.dumps(rows)})
