"""Risks in the database: figures from what members log and wear, thresholds of the workspace, one alert a crossing."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from math import log
from typing import Any

import pytest
from sqlalchemy import insert, text

from groundwork.blocks.errors import ConfigurationError, UnknownName
from groundwork.blocks.schema.fitness.reading import reading
from groundwork.tasks.fitness.members.key_range import KeyRange
from groundwork.tasks.fitness.risks.detect import Detected, Whose, detect
from groundwork.tasks.fitness.risks.standing import risks
from groundwork.tasks.fitness.risks.thresholds import Threshold, set_threshold, thresholds, unset_threshold
from groundwork.tasks.fitness.scores.recompute import recompute_range
from tests.integration.fitness.gyms import ACME, at_noon, join, open_gym, trained

TODAY = date(2026, 6, 1)
EVERYBODY = KeyRange()


def back(days: int) -> date:
    return TODAY - timedelta(days=days)


def look(db, today: date = TODAY, whose: Whose = EVERYBODY) -> Detected:
    with db.transaction() as connection:
        return detect(connection, ACME, whose, at_noon(today))


def set_limit(db, figure: str, above: float | None, below: float | None = None, cool_down: int = 7) -> None:
    lower = above if below is None else below
    with db.transaction() as connection:
        set_threshold(connection, ACME, Threshold(figure, above, lower, cool_down))


def standing(db) -> dict[tuple[str, str], dict[str, Any]]:
    with db.transaction() as connection:
        return {(row["member_id"], row["figure"]): row for row in risks(connection, ACME)}


def alerts(db) -> list[tuple[str, str, int]]:
    """Name, member and crossing of each alert, in their order."""
    query = """
        SELECT split_part(name, '.', 2), data ->> 'memberId', CAST(data ->> 'crossing' AS int)
        FROM groundwork.event WHERE name LIKE 'platform/alerts.%' ORDER BY id
    """
    with db.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def train(db, member: str, loads: dict[date, float], today: date = TODAY) -> None:
    trained(db, member, loads)
    with db.transaction() as connection:
        recompute_range(connection, ACME, EVERYBODY, days=3_000, now=at_noon(today))


def spike(db, member: str = "ada") -> None:
    """Five even weeks, then three days of four times the load, to yesterday."""
    train(db, member, {back(day): 100.0 if day > 3 else 400.0 for day in range(38, 0, -1)})


def wears(db, member: str, metric: str, values: dict[date, float], source: str = "oura", kind: str = "long") -> None:
    rows = [
        {
            "workspace_id": "acme", "member_id": member, "source": source, "metric": metric,
            "external_id": f"{kind}-{day}", "day": day, "value": value, "measured_at": at_noon(day),
            "updated_at": at_noon(day),
        }
        for day, value in values.items()
    ]  # fmt: skip
    with db.transaction() as connection:
        connection.execute(insert(reading), rows)


def test_a_load_spike_is_found_where_the_workspace_has_a_threshold_for_it_and_nowhere_else(db):
    open_gym(db, "ada")
    spike(db)
    assert look(db).alerts == 0
    set_limit(db, "load-spike", 1.5, 1.3)
    assert look(db) == Detected(members=1, over=1, alerts=1)
    assert alerts(db) == [("injury-risk-detected", "ada", 1)]
    [risk] = standing(db).values()
    assert risk["value"] == pytest.approx(273.44 / 157.89, rel=1e-4)
    assert (risk["since"], risk["crossed_above"], risk["crossing"]) == (TODAY, 1.5, 1)
    assert [each["figure"] for each in risk["reasons"]][:2] == ["7-day EWMA", "28-day EWMA"]
    assert "predicts no injury" in risk["limits"]


def test_there_is_no_load_spike_in_the_first_28_days(db):
    open_gym(db, "ada")
    set_limit(db, "load-spike", 1.1)
    train(db, "ada", {back(day): 100.0 if day > 3 else 800.0 for day in range(28, 0, -1)})
    assert look(db) == Detected(members=1, over=0, alerts=0)


def test_a_second_look_tells_nobody_again_and_neither_do_two_at_once(db):
    open_gym(db, "ada")
    spike(db)
    set_limit(db, "load-spike", 1.5)
    with ThreadPoolExecutor(4) as pool:
        assert sum(found.alerts for found in pool.map(lambda _: look(db), range(4))) == 1
    assert look(db, whose=["ada"]).alerts == 0
    assert len(alerts(db)) == 1


def test_an_alert_and_its_risk_are_kept_together_or_not_at_all(db):
    open_gym(db, "ada")
    spike(db)
    set_limit(db, "load-spike", 1.5)
    with pytest.raises(ZeroDivisionError), db.transaction() as connection:
        assert detect(connection, ACME, EVERYBODY, at_noon(TODAY)).alerts == 1
        raise ZeroDivisionError
    assert (alerts(db), standing(db)) == ([], {})
    assert look(db).alerts == 1


def test_a_threshold_that_changes_meanwhile_counts_from_the_next_look_on(db):
    open_gym(db, "ada")
    spike(db)
    set_limit(db, "load-spike", 1.5)
    look(db)
    set_limit(db, "load-spike", 2.5)
    assert look(db).over == 0
    assert standing(db) == {}
    set_limit(db, "load-spike", 1.5)
    assert look(db).alerts == 0  # crossed again, within the cool-down
    assert look(db, TODAY + timedelta(days=7)).alerts == 1
    assert [crossing for _, _, crossing in alerts(db)] == [1, 2]
    with db.transaction() as connection:
        unset_threshold(connection, ACME, "load-spike")
    assert look(db, TODAY + timedelta(days=8)).over == 0


def test_monotony_strain_and_the_weeks_load_are_thresholds_of_the_workspaces_own(db):
    open_gym(db, "ada")
    spike(db)
    for figure, above in (("monotony", 1.0), ("strain", 100.0), ("week-load", 1_000.0)):
        set_limit(db, figure, above)
    assert look(db).alerts == 3
    assert {name for name, _, _ in alerts(db)} == {"threshold-crossed"}


def test_heart_rate_variability_out_of_the_own_band_is_found(db):
    open_gym(db, "ada", "ben", "cleo")
    chance = random.Random(1)
    usual = {back(day): 60.0 + chance.uniform(-5, 5) for day in range(7, 67)}
    wears(db, "ada", "hrv_rmssd", usual | {back(day): 45.0 for day in range(7)})
    wears(db, "ben", "hrv_rmssd", usual | {back(day): 60.0 for day in range(7)})
    wears(db, "cleo", "hrv_rmssd", usual | {back(day): 45.0 for day in range(2)})  # two valid days are too few
    assert look(db).alerts == 1
    row = standing(db)["ada", "hrv"]
    baseline = [log(value) for value in usual.values()]
    mean = sum(baseline) / 60
    deviation = (sum((each - mean) ** 2 for each in baseline) / 59) ** 0.5
    assert row["value"] == pytest.approx((mean - log(45)) / deviation)
    assert row["reasons"][2] == {
        "figure": "change", "value": pytest.approx(-row["value"], abs=0.01), "limit": None, "unit": "SD", "words": ""
    }  # fmt: skip


@pytest.mark.parametrize("value", [0.0, -5.0, float("nan"), float("inf"), 1e6])
def test_a_reading_that_cannot_be_is_no_valid_day(db, value):
    open_gym(db, "ada")
    chance = random.Random(1)
    usual = {back(day): 60.0 + chance.uniform(-5, 5) for day in range(7, 67)}
    wears(db, "ada", "hrv_rmssd", usual | {back(day): value for day in range(7)})
    wears(db, "ada", "sleep_seconds", {back(day): value for day in range(14)})
    assert look(db) == Detected(members=1, over=0, alerts=0)


def test_deleted_readings_and_those_of_another_metric_do_not_count(db):
    open_gym(db, "ada")
    wears(db, "ada", "sleep_seconds", {back(day): 6 * 3600.0 for day in range(14)})
    wears(db, "ada", "hrv_sdnn", {back(day): 60.0 + day for day in range(67)})
    with db.transaction() as connection:
        connection.execute(text("UPDATE fitness.reading SET deleted = true WHERE metric = 'sleep_seconds'"))
    assert look(db) == Detected(members=1, over=0, alerts=0)


def test_sleep_debt_is_measured_by_the_members_own_need_and_naps_count(db):
    open_gym(db)
    join(db, "ada", sleep_need_hours=7.0)
    join(db, "ben", sleep_need_hours=9.0)
    for each in ("ada", "ben"):
        wears(db, each, "sleep_seconds", {back(day): 6.5 * 3600 for day in range(14)})
    wears(db, "ben", "sleep_seconds", {back(0): 2 * 3600.0}, kind="nap")
    wears(db, "ben", "sleep_seconds", {back(day): 9 * 3600.0 for day in range(9)}, source="worn less")
    look(db)
    found = standing(db)
    assert found["ada", "sleep-debt"]["value"] == pytest.approx(7.0)
    assert found["ben", "sleep-debt"]["value"] == pytest.approx(33.0)


def test_who_comes_less_and_less_is_found_with_the_reasons(db):
    open_gym(db, "ada", "ben", "new")
    often = {back(day): 100.0 for day in range(29, 90, 3)}
    train(db, "ada", often)
    train(db, "ben", often | {back(day): 100.0 for day in range(1, 29, 3)})
    train(db, "new", {back(day): 100.0 for day in range(20, 30)})
    assert look(db).alerts == 1
    assert alerts(db) == [("churn-risk-detected", "ada", 1)]
    [risk] = standing(db).values()
    assert [each["words"] for each in risk["reasons"]] == [
        "visits on 0 of the last 28 days, usually on 9.5",
        "last visit 29 days ago, usually every 2.9 days",
    ]


def test_who_has_left_or_is_of_another_workspace_is_not_looked_at(db):
    open_gym(db, "cleo", workspace="globex")
    open_gym(db, "ben")
    join(db, "ada", left_on=back(1))
    for each in ("ada", "ben"):
        trained(db, each, {back(day): 100.0 for day in range(29, 90, 3)})
    assert look(db) == Detected(members=1, over=1, alerts=1)
    assert look(db, whose=["ada", "cleo", "nobody"]) == Detected(members=0, over=0, alerts=0)


def test_an_empty_workspace_has_nothing_to_look_at(db):
    open_gym(db)
    assert look(db) == Detected(members=0, over=0, alerts=0)
    assert standing(db) == {}


def test_thresholds_are_the_figures_own_until_a_workspace_sets_them(db):
    def of_acme(figure: str) -> tuple[float | None, bool]:
        with db.transaction() as connection:
            found = thresholds(connection, ACME)[figure]
        return found.above, found.own

    assert (of_acme("churn"), of_acme("load-spike")) == ((0.6, False), (None, False))
    set_limit(db, "churn", 0.8)
    assert of_acme("churn") == (0.8, True)
    set_limit(db, "churn", None)
    assert of_acme("churn") == (None, True)
    with db.transaction() as connection:
        unset_threshold(connection, ACME, "churn")
    assert of_acme("churn") == (0.6, False)


@pytest.mark.parametrize(
    ("threshold", "told"),
    [
        (Threshold("churn", float("nan"), 0.5, 7), "above: nan"),
        (Threshold("churn", -1.0, -2.0, 7), "above: -1"),
        (Threshold("churn", 0.5, 0.6, 7), "below: 0.6 is above 0.5"),
        (Threshold("churn", 0.5, None, 7), "give both"),
        (Threshold("churn", 0.5, 0.4, 366), "cool_down_days: 366"),
    ],
)
def test_a_threshold_that_makes_no_sense_is_refused_with_its_field(db, threshold, told):
    with pytest.raises(ConfigurationError, match=told), db.transaction() as connection:
        set_threshold(connection, ACME, threshold)


def test_a_figure_that_nobody_knows_is_refused_with_the_one_that_was_meant(db):
    with pytest.raises(UnknownName, match="load-spike"), db.transaction() as connection:
        set_threshold(connection, ACME, Threshold("load-spikes", 1.5, 1.3, 7))
