"""What providers' documents may hold instead of what is documented: each fails alone, and says why."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.fitness.connections.record import Linked
from groundwork.tasks.fitness.providers.garmin import KINDS, garmin_readings
from groundwork.tasks.fitness.providers.oura import Oura
from groundwork.tasks.fitness.providers.whoop import Whoop
from groundwork.tasks.fitness.readings.reading import judge

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ADA = Linked("acme", "ada", "any", "10129", "active", "Pacific/Kiritimati")
OURA, WHOOP = Oura("http://x", "id", "secret"), Whoop("http://x", "id", "secret")
TIMES = st.sampled_from(
    ["2026-11-20T07:12:00+01:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-11-20", "x", ""]
)
VALUES = st.none() | st.booleans() | st.floats() | st.integers(-(10**400), 10**400) | TIMES | st.just({}) | st.just([1])
OURA_NAMES = ("day", "type", "bedtime_end", "timestamp", "total_sleep_duration", "average_hrv", "score", "steps")
WHOOP_NAMES = ("updated_at", "end", "timezone_offset", "score_state", "score", "user_id", "cycle_id")
GARMIN_NAMES = (
    "calendarDate", "startTimeInSeconds", "startTimeOffsetInSeconds", "durationInSeconds", "steps", "remSleepInSeconds",
)  # fmt: skip


def documents(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, VALUES))


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(sorted(OURA.metrics_of)), documents(*OURA_NAMES))
def test_a_document_of_oura_is_readings_or_says_what_is_wrong(kind: str, document: dict[str, Any]):
    with suppress(NonRetriable):
        judge(OURA.readings(ADA, kind, {"id": "n", "type": "long_sleep"} | document, NOW), NOW)


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(sorted(WHOOP.metrics_of)), documents(*WHOOP_NAMES))
def test_a_document_of_whoop_is_readings_or_says_what_is_wrong(kind: str, document: dict[str, Any]):
    score = {"hrv_rmssd_milli": 40, "stage_summary": {"total_rem_sleep_time_milli": 1000}}
    with suppress(NonRetriable):
        judge(WHOOP.readings(ADA, kind, {"id": "n", "score_state": "SCORED", "score": score} | document, NOW), NOW)


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(KINDS), documents(*GARMIN_NAMES))
def test_a_summary_of_garmin_is_readings_or_says_what_is_wrong(kind: str, document: dict[str, Any]):
    with suppress(NonRetriable):
        judge(garmin_readings(ADA, kind, document, NOW), NOW)


def test_a_number_of_many_digits_is_no_number():
    with pytest.raises(NonRetriable, match="digits"):
        OURA.readings(ADA, "daily_activity", {"id": "n", "day": "2026-11-20", "steps": 10**400}, NOW)


def test_a_nap_has_no_night_s_heart_and_a_deleted_sleep_has_nothing():
    night = {"id": "n", "day": "2026-11-20", "bedtime_end": "2026-11-20T07:12:00+01:00", "average_hrv": 48,
             "total_sleep_duration": 2700}  # fmt: skip

    def live(kind: str) -> set[str]:
        return {each.metric for each in OURA.readings(ADA, "sleep", night | {"type": kind}, NOW) if not each.deleted}

    assert live("long_sleep") == {"sleep_seconds", "hrv_rmssd"}
    assert live("late_nap") == live("sleep") == {"sleep_seconds"}
    assert live("deleted") == live("rest") == set()
