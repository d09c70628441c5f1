"""Nobody is disturbed in quiet hours, whatever the clocks do in the agency's time zone."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.nurture.leads.quiet_hours import end_of_quiet
from tests.unit.nurture.agencies import agency

LONDON = ZoneInfo("Europe/London")
EVENING, MORNING = time(20), time(8)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def london(begins: str, ends: str):
    return agency(quiet_from=time.fromisoformat(begins), quiet_until=time.fromisoformat(ends))


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-27T19:59:59", None),
        ("2026-11-27T20:00:00", "2026-11-28T08:00:00"),
        ("2026-11-28T03:00:00", "2026-11-28T08:00:00"),
        ("2026-11-28T07:59:59", "2026-11-28T08:00:00"),
        ("2026-11-28T08:00:00", None),
        # In summer the clocks of London are an hour ahead.
        ("2026-07-01T19:00:00", "2026-07-02T07:00:00"),
        ("2026-07-01T18:59:59", None),
    ],
)
def test_quiet_is_from_evening_to_morning_by_the_clock_on_the_wall(now, end):
    assert end_of_quiet(agency(), utc(now)) == (utc(end) if end else None)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-03-28T22:00:00", "2026-03-29T07:00:00"),  # the night that clocks go forward: an hour shorter
        ("2026-10-24T22:00:00", "2026-10-25T08:00:00"),  # back: an hour longer
    ],
)
def test_a_night_of_changed_clocks_ends_at_the_same_time_on_the_wall(now, end):
    found = end_of_quiet(agency(), utc(now))
    assert found == utc(end)
    assert found.astimezone(LONDON).time() == MORNING


def test_an_end_that_comes_twice_is_the_second_one():
    # 01:30 on 25 October is 00:30 and 01:30 UTC.
    assert end_of_quiet(london("22:00", "01:30"), utc("2026-10-25T00:45:00")) == utc("2026-10-25T01:30:00")


def test_an_end_that_does_not_come_is_past_the_gap():
    # 01:30 on 29 March is between 00:59:59 GMT and 02:00 BST, which is 01:00 UTC.
    end = end_of_quiet(london("22:00", "01:30"), utc("2026-03-28T23:00:00"))
    assert end >= utc("2026-03-29T01:00:00")
    assert end_of_quiet(london("22:00", "01:30"), end) is None


def test_a_beginning_that_comes_twice_is_the_first_one():
    assert end_of_quiet(london("01:30", "06:00"), utc("2026-10-25T00:40:00")) == utc("2026-10-25T06:00:00")


def test_hours_within_a_day_are_quiet_too():
    assert end_of_quiet(london("12:00", "14:00"), utc("2026-11-27T13:00:00")) == utc("2026-11-27T14:00:00")
    assert end_of_quiet(london("12:00", "14:00"), utc("2026-11-27T15:00:00")) is None


def test_hours_that_begin_and_end_at_one_time_are_none():
    assert end_of_quiet(london("00:00", "00:00"), utc("2026-11-27T00:00:00")) is None


@pytest.mark.parametrize("name", ["Europe/Lodnon", "", "../../etc/passwd", "Europe", "a\0b"])
def test_a_time_zone_that_there_is_not_is_an_error_with_the_cure(name):
    with pytest.raises(NonRetriable, match=r"time_zone of acme .*Set a name such as Europe/London"):
        end_of_quiet(agency(time_zone=name), utc("2026-11-27T00:00:00"))


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    begins=st.times(),
    ends=st.times(),
    zone=st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_when_quiet_ends_it_has_ended_and_that_is_within_a_day(now, begins, ends, zone):
    of_agency = agency(quiet_from=begins.replace(fold=0), quiet_until=ends.replace(fold=0), time_zone=zone)
    end = end_of_quiet(of_agency, now)
    if end is not None:
        assert now < end <= now + timedelta(hours=26)
        assert end_of_quiet(of_agency, end - timedelta(microseconds=1)) is not None
    else:
        local = now.astimezone(ZoneInfo(zone)).time()
        quiet = begins <= local < ends if begins < ends else (local >= begins or local < ends) and begins != ends
        assert not quiet
