"""A crossing is told of once: hysteresis, cool-down, thresholds that change, days without a value."""

from itertools import pairwise
from math import nan
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.tasks.fitness.risks.crossing import crossed

NOTHING = {"was_over": False, "crossing": 0, "alerted": 0, "alerted_on": nan, "valued_on": nan, "since": nan}
LIMITS = {"above": 1.5, "below": 1.3, "cool_down_days": 7}


def after(*values: float, limits: dict[int, dict[str, float]] | None = None, **usual: float) -> list[dict[str, Any]]:
    """What becomes of one risk, day by day.

    Args:
        limits: other limits from a day on.
        usual: limits from the first day on.
    """
    known: dict[str, Any] = dict(NOTHING)
    in_force = LIMITS | usual
    days = []
    for day, value in enumerate(values):
        in_force = in_force | (limits or {}).get(day, {})
        [row] = crossed(pd.DataFrame([known | in_force | {"value": value, "today": day}])).to_dict("records")
        days.append(row)
        known = {name: row[name] for name in NOTHING if name != "was_over"} | {"was_over": row["over"]}
    return days


def alerts(*values: float, **options: Any) -> list[int]:
    """Days of the alerts."""
    return [day for day, row in enumerate(after(*values, **options)) if row["alert"]]


def test_a_value_above_the_threshold_is_told_of_once_however_long_it_stays():
    assert alerts(1.0, *[1.6] * 60) == [1]


def test_a_value_at_the_threshold_has_not_crossed():
    assert alerts(1.5, 1.5) == []


def test_a_value_that_trembles_at_the_threshold_is_one_crossing():
    days = after(*[1.6, 1.4] * 20, cool_down_days=0)
    assert [row["crossing"] for row in days] == [1] * 40
    assert sum(row["alert"] for row in days) == 1


def test_a_risk_is_over_below_the_lower_limit_and_crosses_anew():
    assert alerts(1.6, 1.2, 1.6, 1.2, 1.6, cool_down_days=0) == [0, 2, 4]
    assert [row["since"] for row in after(1.6, 1.6, 1.2, 1.6)] == [0, 0, 0, 3]


def test_a_crossing_within_the_cool_down_is_told_of_when_that_has_passed_and_it_is_still_over():
    assert alerts(1.6, 1.2, *[1.6] * 20) == [0, 7]
    assert alerts(1.6, 1.2, 1.6, *[1.2] * 20) == [0]


def test_days_without_a_value_change_nothing_for_four_weeks():
    days = after(1.6, *[nan] * 40)
    assert [row["over"] for row in days] == [True] * 29 + [False] * 12
    assert alerts(1.6, nan, nan, 1.6) == [0]


def test_a_threshold_that_is_raised_ends_the_risk_and_one_that_is_lowered_begins_it():
    assert after(1.6, 1.6, limits={1: {"above": 2.0, "below": 1.8}})[1]["over"] is False
    assert alerts(1.4, 1.4, limits={1: {"above": 1.2, "below": 1.1}}) == [1]


@pytest.mark.parametrize("value", [1.6, nan])
def test_where_the_threshold_is_taken_away_nothing_is_over(value):
    off = {1: {"above": nan, "below": nan}}
    assert [row["over"] for row in after(1.6, value, limits=off)] == [True, False]


@settings(deadline=None)
@given(st.lists(st.sampled_from([nan, 1.0, 1.4, 1.6]), max_size=60), st.integers(0, 20))
def test_no_crossing_is_told_of_twice_and_no_two_alerts_are_within_a_cool_down(values, cool_down):
    days = after(*values, cool_down_days=cool_down)
    told = [(day, row["crossing"]) for day, row in enumerate(days) if row["alert"]]
    assert len({crossing for _, crossing in told}) == len(told)
    assert all(later - earlier >= cool_down for (earlier, _), (later, _) in pairwise(told))
