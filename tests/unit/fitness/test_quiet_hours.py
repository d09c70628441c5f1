"""Quiet hours are hours of the member's zone, over midnight, changes of clocks and places without them."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.tasks.fitness.digests.quiet_hours import QuietHours

BERLIN = QuietHours("Europe/Berlin", time(21), time(7))
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "over"),
    [
        ("2026-11-27 19:59", None),
        ("2026-11-27 20:00", "2026-11-28 06:00"),
        ("2026-11-28 05:59", "2026-11-28 06:00"),
        ("2026-11-28 06:00", None),
        # The clocks go forward on 29 March 2026, at 01:00 UTC, and back on 25 October.
        ("2026-03-28 21:00", "2026-03-29 05:00"),
        ("2026-10-24 20:00", "2026-10-25 06:00"),
    ],
)
def test_a_night_is_over_at_the_members_hour(moment, over):
    assert BERLIN.over_at(at(moment)) == (at(over) if over else None)


def test_hours_within_a_day_and_none_at_all():
    noon = QuietHours("UTC", time(12), time(14))
    assert noon.over_at(at("2026-11-27 13:00")) == at("2026-11-27 14:00")
    assert noon.over_at(at("2026-11-27 14:00")) is None
    assert QuietHours("UTC", time(0), time(0)).over_at(at("2026-11-27 00:00")) is None


def test_the_next_day_begins_when_its_night_is_over():
    assert BERLIN.next_day(at("2026-11-27 12:00")) == at("2026-11-28 06:00")
    assert QuietHours("Europe/Berlin", time(12), time(13)).next_day(at("2026-11-27 12:00")) == at("2026-11-27 23:00")
    assert BERLIN.day_of(at("2026-11-27 23:30")) == date(2026, 11, 28)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.times(),
    st.times(),
    st.sampled_from(ZONES),
)
def test_what_is_put_off_is_put_off_into_the_future_and_not_for_long(moment, begin, end, zone):
    hours = QuietHours(zone, begin, end)
    over = hours.over_at(moment)
    assert over is None or 0 < (over - moment).total_seconds() <= 26 * 3600
    assert 0 < (hours.next_day(moment) - moment).total_seconds() <= 51 * 3600
