"""Scores of many members at once are those of each member alone, in a plain loop."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.tasks.fitness.scores import training
from groundwork.tasks.fitness.scores.training import Loads, Spans, score_spans
from tests.unit.fitness.row_by_row import figures_of, scores_of

LAST = 120
LOAD = st.floats(0, 3_000).map(lambda load: round(load, 6))
HISTORIES = st.lists(st.dictionaries(st.integers(0, LAST), LOAD, min_size=1, max_size=40), min_size=1, max_size=5)


def day_of(number: int) -> date:
    return date(2026, 1, 1) + timedelta(days=number)


def spans_of(histories: list[dict[int, float]]) -> Spans:
    first = np.array([min(each) for each in histories])
    nothing = np.full(len(histories), np.nan)
    places = np.arange(len(histories), dtype=np.int32)
    return Spans(places, first, first, np.full(len(histories), LAST), nothing, nothing)


def loads_of(histories: list[dict[int, float]]) -> Loads:
    rows = [(place, day, load) for place, each in enumerate(histories) for day, load in each.items()]
    place, day, load = zip(*rows, strict=True)
    return Loads(np.array(place, dtype=np.int32), np.array(day), np.array(load))


def scored(histories: list[dict[int, float]], loads: Loads | None = None) -> np.ndarray:
    return np.concatenate(list(score_spans(spans_of(histories), loads or loads_of(histories))))


@settings(deadline=None)
@given(HISTORIES)
def test_scores_are_those_of_a_loop(histories):
    rows = scored(histories)
    for place, history in enumerate(histories):
        own = rows[rows["place"] == place]
        expected = list(scores_of({day_of(day): load for day, load in history.items()}, day_of(LAST)))
        assert [day_of(int(day)) for day in own["day"]] == [each["day"] for each in expected]
        for row, each in zip(own, expected, strict=True):
            figures = figures_of(each)
            assert {name: row[name].item() for name in figures} == pytest.approx(
                figures, rel=1e-7, abs=1e-7, nan_ok=True
            )


@settings(deadline=None)
@given(HISTORIES, st.integers(50, 2_000))
def test_members_who_do_not_fit_into_one_matrix_have_the_same_scores(histories, cells):
    whole = scored(histories)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "_MOST_CELLS", cells)
        parts = scored(histories)
    assert np.sort(parts, order=["place", "day"]).tobytes() == np.sort(whole, order=["place", "day"]).tobytes()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_load_that_is_no_number_counts_as_no_record(value):
    histories = [{0: 100.0, 3: 0.0}]
    loads = loads_of(histories)
    broken = Loads(loads.place, loads.day, np.array([100.0, value]))
    assert scored(histories, broken).tobytes() == scored(histories).tobytes()


def test_loads_of_members_and_days_that_nobody_asked_for_are_left_out():
    history = [{10: 100.0}]
    more = Loads(np.array([0, 7, 0, 0], dtype=np.int32), np.array([10, 10, -400, 900]), np.array([100.0, 9, 9, 9]))
    assert scored(history, more).tobytes() == scored(history).tobytes()


def test_there_is_no_ratio_in_the_first_28_days_nor_at_chronic_zero():
    rows = scored([dict.fromkeys(range(LAST), 100.0), dict.fromkeys(range(LAST), 0.0)])
    trained, rested = rows[rows["place"] == 0], rows[rows["place"] == 1]
    assert np.isnan(trained["ratio"][:28]).all()
    assert not np.isnan(trained["ratio"][28:]).any()
    assert np.isnan(rested["ratio"]).all()
