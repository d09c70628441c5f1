"""Figures of recovery and attendance, from small tables."""

from math import log, nan
from typing import Any

import pandas as pd
import pytest

from groundwork.tasks.fitness.risks import churn, hrv, sleep
from groundwork.tasks.fitness.risks.figures import FIGURES


def rmssd(**columns: Any) -> dict[str, Any]:
    usual = {"place": 0, "source": "oura", "days": 7, "mean": log(50), "deviation": 0.1}
    return usual | {"baseline_days": 60, "baseline": log(60), "baseline_deviation": 0.2} | columns


def deviation(*sources: dict[str, Any]) -> dict[int, float]:
    return hrv.deviation(pd.DataFrame(list(sources)))["change"].to_dict()


def test_heart_rate_variability_is_measured_in_standard_deviations_of_the_own_baseline():
    assert deviation(rmssd()) == {0: pytest.approx((log(50) - log(60)) / 0.2)}


@pytest.mark.parametrize(
    "lacking",
    [{"days": 2}, {"baseline_days": 13}, {"baseline_deviation": 0.0}, {"baseline_deviation": None}, {"mean": nan}],
)
def test_without_enough_days_there_is_no_figure(lacking):
    table = hrv.deviation(pd.DataFrame([rmssd(**lacking)]))
    assert table["value"].dropna().empty


def test_two_devices_are_never_mixed_the_one_that_was_worn_more_counts():
    both = [rmssd(source="apple-like", baseline_days=20, mean=log(90)), rmssd(), rmssd(place=1)]
    table = hrv.deviation(pd.DataFrame(both))
    assert table["source"].to_dict() == {0: "oura", 1: "oura"}
    assert table["change"].nunique() == 1


def nights(**columns: Any) -> dict[str, Any]:
    return {"place": 0, "source": "oura", "nights": 14, "slept_hours": 7.5, "need_hours": 8.0} | columns


@pytest.mark.parametrize(
    ("columns", "debt"),
    [({}, 7.0), ({"slept_hours": 9.0}, 0.0), ({"nights": 10}, 5.0), ({"need_hours": 9.0}, 21.0)],
)
def test_sleep_debt_is_what_is_lacking_over_the_nights_that_are_known(columns, debt):
    assert sleep.debt(pd.DataFrame([nights(**columns)]))["value"].tolist() == [pytest.approx(debt)]


def test_fewer_than_seven_nights_make_no_debt():
    assert sleep.debt(pd.DataFrame([nights(nights=6)])).empty


def visits(**columns: Any) -> dict[str, Any]:
    return {"place": 0, "recent": 8, "earlier": 16, "earlier_days": 56, "since_last": 2} | columns


def leaving(**columns: Any) -> Any:
    return churn.risk_of_leaving(pd.DataFrame([visits(**columns)])).loc[0]


def test_who_comes_as_ever_is_at_zero_and_who_has_stopped_at_one():
    assert leaving()["value"] == 0
    assert leaving(recent=0, since_last=40)["value"] == 1


def test_half_the_visits_and_a_gap_of_two_usual_ones_are_these_two_reasons():
    found = leaving(recent=4, since_last=7)
    assert (found["trend"], found["gap"], found["usual_gap"]) == (0.5, pytest.approx(1 / 3), 3.5)
    trend, gap = churn.reasons(found.to_dict())
    assert trend.words == "visits on 4 of the last 28 days, usually on 8.0"
    assert gap.words == "last visit 7 days ago, usually every 3.5 days"


def test_who_comes_more_often_than_before_is_not_below_zero():
    assert leaving(recent=20, since_last=0)["value"] == 0


@pytest.mark.parametrize("columns", [{"earlier_days": 27}, {"earlier": 3}])
def test_a_past_that_is_too_short_has_no_figure(columns):
    assert churn.risk_of_leaving(pd.DataFrame([visits(**columns)])).empty


def test_no_figure_about_load_has_a_threshold_of_its_own_and_each_says_what_it_cannot_say():
    assert {name for name, each in FIGURES.items() if each.above is None} == {
        "load-spike", "monotony", "strain", "week-load"
    }  # fmt: skip
    assert "predicts no injury" in FIGURES["load-spike"].limits
    assert all(each.limits.endswith(".") for each in FIGURES.values())
    assert all(each.below is None or each.below < (each.above or 0) for each in FIGURES.values())
