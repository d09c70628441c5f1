"""Garmin's summaries as readings."""

from datetime import UTC, datetime

import pytest

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.fitness.connections.record import Linked
from groundwork.tasks.fitness.providers.garmin import garmin_readings

ADA = Linked("acme", "ada", "garmin", "g1", "active", "Europe/Berlin")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SLEEP = {
    "userId": "g1", "summaryId": "x1", "calendarDate": "2026-11-20", "startTimeInSeconds": 1795127520,
    "startTimeOffsetInSeconds": 3600, "durationInSeconds": 28800, "deepSleepDurationInSeconds": 6000,
    "lightSleepDurationInSeconds": 15000, "remSleepInSeconds": 6000, "awakeDurationInSeconds": 1800,
}  # fmt: skip


def values(kind: str, summary: dict[str, object]) -> dict[str, float | None]:
    return {each.metric: each.value for each in garmin_readings(ADA, kind, summary, NOW) if not each.deleted}


def test_a_sleep_is_its_stages_and_counts_for_the_calendar_day():
    found = garmin_readings(ADA, "sleeps", SLEEP, NOW)
    assert values("sleeps", SLEEP)["sleep_seconds"] == 27000
    assert {str(each.day) for each in found} == {"2026-11-20"}
    assert {each.external_id for each in found} == {"sleeps:2026-11-20"}


def test_a_corrected_summary_is_the_same_object():
    corrected = SLEEP | {"summaryId": "x2", "startTimeInSeconds": 1795130000, "remSleepInSeconds": 5000}
    both = garmin_readings(ADA, "sleeps", SLEEP, NOW) + garmin_readings(ADA, "sleeps", corrected, NOW)
    assert len({each.external_id for each in both}) == 1


def test_what_a_correction_has_no_more_is_deleted():
    found = garmin_readings(ADA, "dailies", {"calendarDate": "2026-11-20", "startTimeInSeconds": 1795129200,
                                            "startTimeOffsetInSeconds": 3600, "steps": 10}, NOW)  # fmt: skip
    assert {each.metric: each.deleted for each in found} == {
        "steps": False, "active_energy": True, "resting_heart_rate": True
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"startTimeInSeconds": None}, {"startTimeInSeconds": "soon"}, {"startTimeInSeconds": 1e300},
        {"durationInSeconds": -1}, {"durationInSeconds": 1e9}, {"startTimeOffsetInSeconds": 1e6},
        {"calendarDate": "2025-11-20"}, {"calendarDate": "x"}, {"remSleepInSeconds": "long"},
        {"remSleepInSeconds": True},
    ],
)  # fmt: skip
def test_a_summary_that_is_not_as_documented_fails_alone_and_says_what(wrong: dict[str, object]):
    with pytest.raises(NonRetriable, match=r"garmin|documented"):
        garmin_readings(ADA, "sleeps", SLEEP | wrong, NOW)
