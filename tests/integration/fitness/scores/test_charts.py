"""The chart in a coach's mail: two weeks of what the figure is made of."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from groundwork.blocks.schema.fitness.reading import reading
from groundwork.events.fitness.alerts import Alert, ChurnRiskDetected, InjuryRiskDetected
from groundwork.events.identifiers import WorkspaceId
from groundwork.notifications.chart import BarChart
from groundwork.tasks.fitness.risks.mailing import chart_of, report
from tests.integration.fitness.gyms import open_gym, trained

NOW = datetime.now(UTC)
TODAY = NOW.date()
COMMON: dict[str, Any] = {
    "workspace_id": WorkspaceId("acme"), "member_id": "ada", "crossing": 1, "detected_on": TODAY, "detected_at": NOW,
}  # fmt: skip


def chart(db, alert: Alert) -> BarChart | None:
    with db.transaction() as connection:
        return chart_of(connection, alert)


def wears(db, metric: str, source: str, value: float, days: int, kind: str = "long") -> None:
    rows = [
        {
            "workspace_id": "acme", "member_id": "ada", "source": source, "metric": metric,
            "external_id": f"{kind}-{ago}", "day": TODAY - timedelta(days=ago), "value": value, "measured_at": NOW,
            "updated_at": NOW,
        }
        for ago in range(days)
    ]  # fmt: skip
    with db.transaction() as connection:
        connection.execute(insert(reading), rows)


@pytest.mark.parametrize(
    ("kind", "metric", "value", "shown"), [("hrv", "hrv_rmssd", 48.4, 48), ("sleep-debt", "sleep_seconds", 21_600, 360)]
)
def test_readings_are_those_of_the_source_with_most_days(db, kind, metric, value, shown):
    open_gym(db, "ada")
    wears(db, metric, "oura", value, days=10)
    wears(db, metric, "another", value * 1.5, days=9)
    made = chart(db, InjuryRiskDetected(kind=kind, **COMMON))
    assert made is not None
    [values] = made.series.values()
    assert list(values) == [0] * 4 + [shown] * 10
    assert made.labels[-1] == str(TODAY.day)


def test_naps_are_part_of_their_day(db):
    open_gym(db, "ada")
    wears(db, "sleep_seconds", "oura", 21_600, days=10)
    wears(db, "sleep_seconds", "oura", 3_600, days=1, kind="nap")
    made = chart(db, InjuryRiskDetected(kind="sleep-debt", **COMMON))
    assert made is not None
    assert next(iter(made.series.values()))[-1] == 420


def test_who_comes_no_more_is_shown_by_the_last_visits_if_there_are_any(db):
    open_gym(db, "ada")
    alert = ChurnRiskDetected(score=0.9, **COMMON)
    assert chart(db, alert) is None
    trained(db, "ada", {TODAY - timedelta(days=13): 300.0})
    made = chart(db, alert)
    assert made is not None
    assert list(made.series["minutes"]) == [60] + [0] * 13


def test_words_of_an_alert_cannot_break_out_of_the_table():
    evidence = [{"figure": "a | b", "value": 1.0, "words": "x\n\n# y"}]
    told = report(InjuryRiskDetected(kind="hrv", evidence=evidence, **COMMON))
    assert "| a \\| b | 1" in told
    assert "\n# y" not in told
