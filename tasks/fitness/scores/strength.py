"""What benchmarks are worth: estimated one-repetition maxima, and progress against the member's own baseline."""

from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.scores.formulas import MOST_REPETITIONS, brzycki, epley

_SQL = Path(__file__).with_suffix(".sql")
_COLUMNS = ["id", "place", "exercise", "day", "weight_kg", "repetitions"]
RATINGS = ["epley_kg", "brzycki_kg", "estimate_kg", "baseline_kg"]
"""What is calculated of a benchmark."""
BASELINE_DAYS = 3
"""Earlier days with an estimate of the exercise that make up the baseline."""


def rate_benchmarks(connection: Connection, workspace_id: WorkspaceId) -> int:
    """Rate all benchmarks of the members in the temporary table ``score_member``.

    Returns:
        How many are rated otherwise than before.
    """
    workspace = {"workspace_id": str(workspace_id)}
    found = pd.DataFrame(connection.execute(statement(_SQL, "benchmarks"), workspace).all(), columns=_COLUMNS)
    if found.empty:
        return 0
    rated = rated_benchmarks(found)
    # None in place of NaN, which PostgreSQL would keep as a number.
    ratings = {name: rated[name].astype(object).where(rated[name].notna(), None).tolist() for name in RATINGS}
    return connection.execute(statement(_SQL, "rate"), workspace | ratings | {"ids": rated["id"].tolist()}).rowcount


def rated_benchmarks(benchmarks: pd.DataFrame) -> pd.DataFrame:
    """Benchmarks with their ratings.

    The estimate is Epley's, which is the weight itself for a single repetition, and none beyond 12 repetitions. The
    baseline is the mean of the best estimates of the three days before on which the member had one of the exercise.
    Progress is estimate ÷ baseline - 1: against nobody but the member.

    Args:
        benchmarks: columns ``place`` (of the member), ``exercise``, ``day``, ``weight_kg``, ``repetitions``, and any
            others.

    Returns:
        The same rows with the columns of :data:`RATINGS`; NaN where there is none.
    """
    weight = benchmarks["weight_kg"].to_numpy(dtype="float64")
    repetitions = benchmarks["repetitions"].to_numpy(dtype="int64")
    rated = benchmarks.assign(epley_kg=epley(weight, repetitions), brzycki_kg=brzycki(weight, repetitions))
    rated["estimate_kg"] = np.where(repetitions <= MOST_REPETITIONS, rated["epley_kg"], np.nan)
    best = rated.groupby(["place", "exercise", "day"], as_index=False)["estimate_kg"].max().dropna()
    by_exercise = best.groupby(["place", "exercise"])["estimate_kg"]
    earlier = pd.concat([by_exercise.shift(back) for back in range(1, BASELINE_DAYS + 1)], axis=1)
    best["baseline_kg"] = earlier.mean(axis=1)
    return rated.merge(best.drop(columns="estimate_kg"), on=["place", "exercise", "day"], how="left")
