"""Formulas of the scores, against figures of their sources and against each other."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.tasks.fitness.scores.formulas import HIGHEST_MONOTONY, brzycki, epley, ewma, monotony, week_load


def estimates(weight: float, repetitions: int) -> tuple[float, float]:
    args = np.array([weight]), np.array([repetitions])
    return float(epley(*args)[0]), float(brzycki(*args)[0])


@pytest.mark.parametrize(
    ("repetitions", "by_epley", "by_brzycki"),
    [(1, 100, 100), (5, 116.67, 112.5), (10, 133.33, 133.33), (12, 140, 144), (20, 166.67, 211.76)],
)
def test_one_repetition_maxima_are_those_of_the_published_formulas(repetitions, by_epley, by_brzycki):
    assert estimates(100, repetitions) == pytest.approx((by_epley, by_brzycki), abs=0.01)


@pytest.mark.parametrize("repetitions", [37, 38, 100])
def test_brzycki_has_nothing_from_its_pole_on(repetitions):
    assert isnan(estimates(100, repetitions)[1])


def test_a_spike_after_four_even_weeks_has_the_ratio_of_the_reference():
    loads = np.array([[100.0]] * 29 + [[300.0]] * 7)
    ratio = (ewma(loads, 7) / ewma(loads, 28))[:, 0]
    assert ratio[-1] == pytest.approx(1.529, abs=0.0005)
    assert ratio.max() == pytest.approx(1.581, abs=0.0005)
    assert ratio[:29] == pytest.approx(1.0)


def test_averages_begin_where_a_members_column_does():
    loads = np.array([[np.nan, 10.0], [20.0, 10.0], [0.0, 10.0]])
    assert ewma(loads, 7).tolist() == [[pytest.approx(np.nan, nan_ok=True), 10.0], [20.0, 10.0], [15.0, 10.0]]


@settings(deadline=None)
@given(st.lists(st.floats(0, 5_000), min_size=2, max_size=60), st.data())
def test_averages_that_go_on_from_a_stored_value_end_in_the_same_bits(loads, data):
    whole = ewma(np.array(loads)[:, None], 28)[:, 0]
    cut = data.draw(st.integers(1, len(loads) - 1))
    rest = ewma(np.array([whole[cut - 1], *loads[cut:]])[:, None], 28)[1:, 0]
    assert rest.tolist() == whole[cut:].tolist()


def test_monotony_is_mean_by_standard_deviation_of_a_sample():
    week = [100.0, 0, 200, 0, 300, 0, 0]
    assert monotony(np.array(week)[:, None])[-1, 0] == pytest.approx(np.mean(week) / np.std(week, ddof=1))


@pytest.mark.parametrize("load", [0.1, 100.0, 333.3])
def test_a_week_of_equal_days_has_the_highest_monotony(load):
    assert monotony(np.full((7, 1), load))[-1, 0] == HIGHEST_MONOTONY


def test_a_week_without_load_has_no_monotony():
    assert isnan(monotony(np.zeros((7, 1)))[-1, 0])


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 5), st.randoms(use_true_random=False))
def test_a_members_figures_do_not_depend_on_who_is_calculated_with_them(days, members, random):
    loads = np.array([[random.choice([0, random.random() * 900]) for _ in range(members)] for _ in range(days)])
    for formula in (week_load, monotony, lambda each: ewma(each, 7)):
        together = formula(loads)
        for member in range(members):
            alone = formula(loads[:, [member]])[:, 0]
            assert alone.tobytes() == np.ascontiguousarray(together[:, member]).tobytes()
