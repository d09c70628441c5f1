"""Heart rate variability against the member's own baseline, measured by the same source."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.fitness.alerts import Evidence

_SQL = Path(__file__).with_suffix(".sql")

LEAST_DAYS = 3
"""Valid days of the last seven without which there is no mean: Plews et al., Int J Sports Physiol Perform 9, 2014."""
LEAST_BASELINE_DAYS = 14
"""Valid days of the 60 before them without which there is no baseline. Our choice."""


def measure(connection: Connection) -> pd.DataFrame:
    """The figure of each member in ``risk_member`` who has one, by ``place``, as :func:`deviation` gives it."""
    rows = connection.execute(statement(_SQL, "rmssd"))
    return deviation(pd.DataFrame(rows.all(), columns=list(rows.keys())))


def deviation(sources: pd.DataFrame) -> pd.DataFrame:
    """How far the mean ln rMSSD of seven days is from the mean of the 60 days before these, in SD of those.

    rMSSD is skewed, so its logarithm is averaged: Plews et al., Int J Sports Physiol Perform 9, 2014. Of several
    sources, that with the most valid days counts; two devices are never mixed.

    Args:
        sources: a row per member (``place``) and ``source`` with ``days``, ``mean``, ``deviation`` of the last seven
            days, and ``baseline_days``, ``baseline``, ``baseline_deviation`` of those before; all of ln ms.

    Returns:
        ``value`` (absolute, in SD), ``change`` (signed) and the columns of the source that counts, by ``place``.
    """
    enough = (sources["days"] >= LEAST_DAYS) & (sources["baseline_days"] >= LEAST_BASELINE_DAYS)
    known = sources[enough & (sources["baseline_deviation"].astype("float64") > 1e-9)].copy()
    known["all_days"] = known["days"] + known["baseline_days"]
    known = known.sort_values(["place", "all_days", "source"], ascending=[True, False, True])
    known = known.drop_duplicates("place").set_index("place")
    numbers = known.drop(columns="source").astype("float64")
    change = (numbers["mean"] - numbers["baseline"]) / numbers["baseline_deviation"]
    return numbers.assign(source=known["source"], change=change, value=change.abs())


def reasons(row: Mapping[str, Any]) -> tuple[Evidence, ...]:
    """What the figure of a member is made of.

    Args:
        row: one of :func:`deviation`.
    """
    found = [
        Evidence(
            figure="rMSSD of 7 days",
            value=round(float(np.exp(row["mean"])), 1),
            unit="ms",
            words=f"{int(row['days'])} valid days, measured by {row['source']}"[:300],
        ),
        Evidence(
            figure="own baseline",
            value=round(float(np.exp(row["baseline"])), 1),
            unit="ms",
            words=f"{int(row['baseline_days'])} valid days of the 60 before",
        ),
        Evidence(figure="change", value=round(float(row["change"]), 2), unit="SD"),
    ]
    if pd.notna(row["deviation"]) and row["mean"]:
        cv = abs(float(row["deviation"] / row["mean"])) * 100
        found.append(Evidence(figure="CV of ln rMSSD in 7 days", value=round(cv, 1), unit="%"))
    return tuple(found)
