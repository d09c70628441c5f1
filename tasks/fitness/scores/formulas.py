"""The formulas of the scores, over arrays. ``docs/fitness-scores.md`` has them with their limits."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

ACUTE_DAYS, CHRONIC_DAYS = 7, 28
"""Spans of the two moving averages."""
MOST_REPETITIONS = 12
"""Beyond these no estimate counts: both formulas are made from sets of up to 10."""
POLE = 37
"""Repetitions from which Brzycki's formula gives nothing: it divides by 37 - r."""
HIGHEST_MONOTONY = 10.0
"""What stands for a week of equal days, whose SD is 0 and whose monotony has no bound."""


def epley(weight: Floats, repetitions: npt.NDArray[np.integer[Any]]) -> Floats:
    """Estimate the one-repetition maximum as w (1 + r / 30); at r = 1 it is w.

    Source: B. Epley, Poundage Chart, Boyd Epley Workout, 1985. Made for about 10 repetitions at most.

    Args:
        weight: kilograms.
        repetitions: from 1.

    Returns:
        Kilograms.
    """
    return np.where(repetitions == 1, weight, weight * (1 + repetitions / 30))


def brzycki(weight: Floats, repetitions: npt.NDArray[np.integer[Any]]) -> Floats:
    """Estimate the one-repetition maximum as w · 36 / (37 - r).

    Source: M. Brzycki, Strength Testing, JOPERD 64(1), 1993, 88-90. Made for up to 10 repetitions; it agrees with Epley
    at 10.

    Args:
        weight: kilograms.
        repetitions: from 1.

    Returns:
        Kilograms; NaN from 37 repetitions on.
    """
    left = np.where(repetitions < POLE, POLE - repetitions, np.nan)
    return weight * 36 / left


def ewma(loads: Floats, days: int) -> Floats:
    """Exponentially weighted moving average of daily loads: E = λ · load + (1 - λ) · E₋₁ with λ = 2 / (N + 1).

    Source: S. Williams et al., Better way to determine the acute:chronic workload ratio?, Br J Sports Med 51(3), 2017,
    209-210. The recursion begins with the first value of a column that is no NaN, as if the days before had been like
    it; it is strictly one day after the other, so that one which goes on from a stored value ends in the same bits.

    Args:
        loads: a row per day and a column per member; NaN before the member's first day.
        days: N.

    Returns:
        The averages, in the same shape.
    """
    averages: Floats = pd.DataFrame(loads).ewm(alpha=2 / (days + 1), adjust=False).mean().to_numpy()
    return averages


def week_load(loads: Floats) -> Floats:
    """Sum of each day and the six before it; of fewer in the first rows.

    Args:
        loads: a row per day and a column per member, without NaN.
    """
    return _sum(_week_of(loads))


def usual_week(weeks: Floats) -> Floats:
    """Mean of the four weeks before each day's own, 0 where the rows do not reach back so far.

    Args:
        weeks: as :func:`week_load` gives them.
    """
    padded = np.vstack([np.zeros((28, weeks.shape[1])), weeks])
    return _sum([padded[back : back + len(weeks)] for back in (0, 7, 14, 21)]) / 4


def monotony(loads: Floats) -> Floats:
    """Mean ÷ SD of each day's last seven daily loads, days of rest being 0.

    Source: C. Foster, Monitoring training in athletes with reference to overtraining syndrome, Med Sci Sports Exerc
    30(7), 1998. It leaves open which SD: this is that of a sample (n - 1). A week of equal loads has SD 0; it, and
    whatever is above, is :data:`HIGHEST_MONOTONY`.

    Args:
        loads: a row per day and a column per member, without NaN.

    Returns:
        The monotony, in the same shape; NaN where the week has no load.
    """
    week = _week_of(loads)
    mean = _sum(week) / 7
    deviation = np.sqrt(_sum([(day - mean) ** 2 for day in week]) / 6)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.minimum(mean / deviation, HIGHEST_MONOTONY)
    return np.where(mean > 0, found, np.nan)


def _week_of(loads: Floats) -> list[Floats]:
    """Each day's last seven loads: the matrix, and the same moved by one to six days."""
    padded = np.vstack([np.zeros((6, loads.shape[1])), loads])
    return [padded[back : back + len(loads)] for back in range(7)]


def _sum(matrices: list[Floats]) -> Floats:
    # One after the other: a reduction of numpy's adds in an order that depends on the shape, and a member's figures
    # must not depend on who is calculated with them.
    total = matrices[0].copy()
    for each in matrices[1:]:
        total += each
    return total
