"""Churn: who comes less and less. A sum of two reasons that a coach can check."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.fitness.alerts import Evidence

_SQL = Path(__file__).with_suffix(".sql")

RECENT_DAYS, EARLIER_DAYS = 28, 56
"""Days of the visits that are compared, and of those they are compared with."""
LEAST_EARLIER_DAYS = 28
"""Of a new member's earlier days; a shorter past has no usual gap."""
LEAST_EARLIER_VISITS = 4
"""Likewise of visits."""
LONG_GAP = 4
"""A gap of so many usual ones counts in full."""


def measure(connection: Connection) -> pd.DataFrame:
    """The figure of each member in ``risk_member`` who has one, by ``place``, as :func:`risk_of_leaving` gives it."""
    rows = connection.execute(statement(_SQL, "visits"))
    return risk_of_leaving(pd.DataFrame(rows.all(), columns=list(rows.keys())))


def risk_of_leaving(visits: pd.DataFrame) -> pd.DataFrame:
    """From 0 (comes as ever) to 1 (has stopped), half from the trend and half from the gap.

    - trend: by how much the visits of the last 28 days are rarer than those of the eight weeks before, 0 to 1.
    - gap: days since the last visit, measured by the usual gap of those eight weeks: 0 up to one, 1 from four on.

    Args:
        visits: a row per member (``place``) with ``recent`` and ``earlier`` (days with a visit), ``earlier_days`` (how
            many there were, 56 at most) and ``since_last`` (days).

    Returns:
        ``value``, ``trend``, ``gap``, ``usual_gap`` (days) and the columns that were given, by ``place``.
    """
    enough = (visits["earlier_days"] >= LEAST_EARLIER_DAYS) & (visits["earlier"] >= LEAST_EARLIER_VISITS)
    known = visits[enough].set_index("place").astype("float64")
    usual_gap = known["earlier_days"] / known["earlier"]
    trend = (1 - known["recent"] / (RECENT_DAYS / usual_gap)).clip(0, 1)
    gap = ((known["since_last"] / usual_gap - 1) / (LONG_GAP - 1)).clip(0, 1)
    return known.assign(usual_gap=usual_gap, trend=trend, gap=gap, value=(trend + gap) / 2)


def reasons(row: Mapping[str, Any]) -> tuple[Evidence, ...]:
    """What the figure of a member is made of.

    Args:
        row: one of :func:`risk_of_leaving`.
    """
    usual = RECENT_DAYS / float(row["usual_gap"])
    return (
        Evidence(
            figure="trend",
            value=round(float(row["trend"]), 2),
            words=f"visits on {int(row['recent'])} of the last {RECENT_DAYS} days, usually on {usual:.1f}",
        ),
        Evidence(
            figure="gap",
            value=round(float(row["gap"]), 2),
            words=f"last visit {int(row['since_last'])} days ago, usually every {float(row['usual_gap']):.1f} days",
        ),
    )
