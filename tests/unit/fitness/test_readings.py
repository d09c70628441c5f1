"""What can be true of a member, and what cannot."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from groundwork.tasks.fitness.readings.metrics import METRICS
from groundwork.tasks.fitness.readings.reading import Reading, deletion, fault_of, judge

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GOOD = {
    "member_id": "ada", "source": "oura", "metric": "hrv_rmssd", "external_id": "n1", "updated_at": NOW,
    "measured_at": NOW, "day": date(2026, 11, 20), "value": 48.0,
}  # fmt: skip


def reading(**fields: object) -> Reading:
    return Reading(**GOOD | fields)  # type: ignore[arg-type]


def test_a_good_one_has_no_fault():
    assert fault_of(reading(), NOW) is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"value": 27_000_000.0, "metric": "sleep_seconds"}, "another unit"),
        ({"value": float("nan")}, "another unit"),
        ({"value": float("inf")}, "another unit"),
        ({"value": -1.0, "metric": "steps"}, "another unit"),
        ({"measured_at": NOW + timedelta(minutes=11)}, "in the future"),
        ({"updated_at": NOW + timedelta(minutes=11)}, "in the future"),
        ({"measured_at": datetime(1970, 1, 1, tzinfo=UTC)}, "lost its clock"),
        ({"metric": "mood"}, "no metric"),
        ({"external_id": ""}, "printable"),
        ({"external_id": "x" * 201}, "printable"),
        ({"external_id": "a\x00b"}, "printable"),
        ({"value": None}, "no value"),
        ({"day": None}, "no value"),
    ],
)
def test_what_cannot_be_says_why(fields: dict[str, object], words: str):
    assert words in str(fault_of(reading(**fields), NOW))


def test_a_clock_that_is_ten_minutes_ahead_is_borne_with():
    assert fault_of(reading(measured_at=NOW + timedelta(minutes=9)), NOW) is None


def test_rmssd_and_sdnn_are_two_metrics_and_neither_has_the_other_s_place():
    assert METRICS["hrv_rmssd"].unit == METRICS["hrv_sdnn"].unit == "ms"
    rmssd, sdnn = reading(), reading(metric="hrv_sdnn")
    assert rmssd.metric != sdnn.metric


def test_a_deletion_is_one_of_each_metric_and_needs_no_value():
    gone = deletion("ada", "oura", "n1", NOW, metrics=("hrv_rmssd", "sleep_seconds"))
    assert len(judge(gone, NOW).good) == 2


@pytest.mark.parametrize(
    ("metric", "unit", "factor"),
    [
        ("sleep_seconds", "ms", 0.001),
        ("sleep_seconds", None, 1),
        ("hrv_rmssd", "bpm", None),
        ("active_energy", "kJ", 1 / 4.184),
    ],
)
def test_units_convert_or_are_refused(metric: str, unit: str | None, factor: float | None):
    assert METRICS[metric].factor(unit) == factor


def test_the_docs_have_every_metric_with_its_unit_and_bounds():
    page = (Path(__file__).parents[3] / "docs" / "fitness-readings.md").read_text()
    table = page.split("<!-- metrics -->\n")[1].split("<!-- /metrics -->")[0]
    rows = []
    for name, each in METRICS.items():
        units = ", ".join(unit for unit, _ in each.takes)
        rows.append(f"| `{name}` | {each.unit} | {each.least:g} | {each.most:g} | {units}".rstrip() + " |")
    assert table.splitlines() == rows
