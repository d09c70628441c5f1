"""Sleep debt: what a member has slept less than the own need in 14 days."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.fitness.alerts import Evidence

_SQL = Path(__file__).with_suffix(".sql")

LEAST_NIGHTS = 7
"""Nights with a reading, of the last 14, without which there is no debt. Our choice."""


def measure(connection: Connection) -> pd.DataFrame:
    """The figure of each member in ``risk_member`` who has one, by ``place``, as :func:`debt` gives it."""
    rows = connection.execute(statement(_SQL, "nights"))
    return debt(pd.DataFrame(rows.all(), columns=list(rows.keys())))


def debt(sources: pd.DataFrame) -> pd.DataFrame:
    """Σ (need - slept) over the nights with a reading, and never below 0 in sum: a long night makes up for a short one,
    and nobody sleeps in advance.

    That lack of sleep adds up over two weeks: Van Dongen et al., Sleep 26(2), 2003. Of several sources, that with the
    most nights counts.

    Args:
        sources: a row per member (``place``) and ``source`` with ``nights``, ``slept_hours`` (a night, in the mean) and
            ``need_hours``.

    Returns:
        ``value`` (hours) and the columns of the source that counts, by ``place``.
    """
    known = sources[sources["nights"] >= LEAST_NIGHTS]
    known = known.sort_values(["place", "nights", "source"], ascending=[True, False, True])
    known = known.drop_duplicates("place").set_index("place")
    lacking = (known["need_hours"] - known["slept_hours"]) * known["nights"]
    return known.assign(value=lacking.astype("float64").clip(lower=0))


def reasons(row: Mapping[str, Any]) -> tuple[Evidence, ...]:
    """What the figure of a member is made of.

    Args:
        row: one of :func:`debt`.
    """
    return (
        Evidence(
            figure="slept a night, in the mean",
            value=round(float(row["slept_hours"]), 2),
            unit="h",
            words=f"{int(row['nights'])} of 14 nights, measured by {row['source']}"[:300],
        ),
        Evidence(figure="need a night", value=round(float(row["need_hours"]), 2), unit="h"),
    )
