"""What benchmarks are worth, and progress against the member's own baseline."""

from datetime import date
from math import nan
from typing import Any

import pandas as pd
import pytest

from groundwork.tasks.fitness.scores.strength import rated_benchmarks

COLUMNS = ["place", "exercise", "day", "weight_kg", "repetitions"]


def rated(*rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    days = [(place, exercise, date(2026, 1, day), weight, reps) for place, exercise, day, weight, reps in rows]
    return rated_benchmarks(pd.DataFrame(days, columns=COLUMNS)).to_dict("records")


def baselines(*rows: tuple[Any, ...]) -> list[float]:
    return [each["baseline_kg"] for each in rated(*rows)]


def test_the_baseline_is_the_mean_of_the_best_of_three_days_before():
    found = baselines(*((0, "squat", day, 100.0 + day, 1) for day in range(1, 6)))
    assert found == pytest.approx([nan, 101, 101.5, 102, 103], nan_ok=True)


def test_of_several_sets_of_a_day_the_best_is_in_the_baseline_and_all_have_the_same():
    found = baselines((0, "squat", 1, 100.0, 1), (0, "squat", 1, 90.0, 1), (0, "squat", 2, 95.0, 1))
    assert found == pytest.approx([nan, nan, 100], nan_ok=True)


def test_a_set_of_more_than_12_repetitions_is_worth_nothing_and_is_in_no_baseline():
    flagged, after = rated((0, "squat", 1, 100.0, 13), (0, "squat", 2, 100.0, 12))
    assert (flagged["epley_kg"], flagged["brzycki_kg"]) == pytest.approx((143.33, 150), abs=0.01)
    assert pd.isna(flagged["estimate_kg"])
    assert after["estimate_kg"] == pytest.approx(140)
    assert pd.isna(after["baseline_kg"])


def test_members_and_exercises_are_measured_by_themselves_only():
    found = baselines((0, "squat", 1, 100.0, 1), (1, "squat", 2, 50.0, 1), (0, "bench", 3, 60.0, 1))
    assert found == pytest.approx([nan, nan, nan], nan_ok=True)
