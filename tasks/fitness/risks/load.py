"""Figures about training load, from the last score of each member."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.fitness.alerts import Evidence

_SQL = Path(__file__).with_suffix(".sql")
COLUMNS = {"load-spike": "ratio", "monotony": "monotony", "strain": "strain", "week-load": "week_load"}
"""Which column of a score is which figure."""


def measure(connection: Connection) -> pd.DataFrame:
    """The last score of each member in the temporary table ``risk_member``, by ``place``."""
    rows = connection.execute(statement(_SQL, "last_scores"))
    return pd.DataFrame(rows.all(), columns=list(rows.keys())).set_index("place").astype("float64")


def reasons(row: Mapping[str, Any]) -> tuple[Evidence, ...]:
    """What the figures of a member are made of.

    Args:
        row: one of :func:`measure`.
    """
    shown = (
        ("acute", "7-day EWMA", "AU a day"),
        ("chronic", "28-day EWMA", "AU a day"),
        ("week_load", "load of 7 days", "AU"),
        ("usual_week_load", "mean week of the 4 weeks before", "AU"),
        ("monotony", "monotony", ""),
    )
    return tuple(
        Evidence(figure=figure, value=round(float(row[name]), 2), unit=unit)
        for name, figure, unit in shown
        if pd.notna(row[name])
    )
