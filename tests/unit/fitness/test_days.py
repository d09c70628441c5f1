"""Which day a reading counts for: moved members, two sleeps in one night, DST, and days that cannot be."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.tasks.fitness.files.moments import days, moments, own_days
from groundwork.tasks.fitness.readings.day import NoTime, at_offset, day_of, moment_of, zone_named

BERLIN, TOKYO, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")
ZONES = ["America/New_York", "Asia/Tokyo", "Asia/Kathmandu", "Europe/Berlin", "Pacific/Kiritimati"]


def test_a_reading_with_an_offset_of_its_own_counts_where_the_member_was_however_they_moved():
    evening = moment_of("2026-11-19T23:30:00-05:00")
    assert day_of(evening, BERLIN) == day_of(evening, TOKYO) == date(2026, 11, 19)


def test_a_reading_in_plain_utc_counts_in_the_member_s_zone():
    moment = moment_of("2026-11-19T23:30:00Z")
    assert day_of(moment, BERLIN, has_offset=False) == date(2026, 11, 20)
    assert day_of(moment, NEW_YORK, has_offset=False) == date(2026, 11, 19)


def test_of_two_sleeps_in_one_night_each_counts_for_the_day_of_its_own_end():
    ends = ["2026-11-19T23:50:00+01:00", "2026-11-20T07:10:00+01:00"]
    assert [str(day_of(moment_of(each), BERLIN)) for each in ends] == ["2026-11-19", "2026-11-20"]


def test_a_provider_s_own_day_goes_before_ours_if_it_can_be():
    moment = moment_of("2026-11-20T00:10:00+01:00")
    assert day_of(moment, BERLIN, said="2026-11-19") == date(2026, 11, 19)
    for wrong in ("2026-11-17", "20.11.2026", ""):
        with pytest.raises(NoTime):
            day_of(moment, BERLIN, said=wrong)


def test_the_night_in_which_clocks_change_is_one_day():
    for text in ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"):
        assert day_of(moment_of(text), BERLIN, has_offset=False) == date(2026, 10, 25)


@pytest.mark.parametrize("offset", ["+24:00", "x", "+1", 900_000, "-15:00", 10**30, {}, [3600], float("nan"), 1.5])
def test_there_are_offsets_that_there_are_not(offset: object):
    with pytest.raises(NoTime):
        at_offset(datetime(2026, 11, 20, tzinfo=UTC), offset)


def test_a_time_without_an_offset_is_none():
    for text in ("2026-11-20T07:12:00", "yesterday", None, "2026-02-30T00:00:00Z"):
        with pytest.raises(NoTime):
            moment_of(text)


def test_a_zone_that_nobody_knows_is_utc():
    for name in ("Mars/Olympus", "", None, "../../etc/passwd"):
        assert str(zone_named(name)) == "UTC"


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(2001, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
            st.sampled_from([None, -11, -5, 0, 1, 5.75, 9, 13, 14]),
            st.integers(-1, len(ZONES) - 1),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_days_of_many_rows_are_those_of_each_by_itself(rows):
    texts, expected = [], []
    for moment, offset, zone in rows:
        member = ZoneInfo(ZONES[zone]) if zone >= 0 else ZoneInfo("UTC")
        if offset is None:
            texts.append(moment.isoformat().replace("+00:00", "Z"))
            expected.append(day_of(moment, member, has_offset=False))
        else:
            local = at_offset(moment, int(offset * 3600))
            texts.append(local.isoformat())
            expected.append(day_of(local, member))
    column = pa.array(texts)
    at = moments(column).to_numpy()
    zones = np.array([zone for _, _, zone in rows], np.int64)
    found = own_days(column, at.copy(), zones, ZONES)
    assert [date(1970, 1, 1) + timedelta(days=int(each)) for each in found] == expected
    assert list(at) == [round(moment.timestamp() * 1_000_000) for moment, _, _ in rows]


def test_one_row_that_is_no_time_harms_no_other():
    column = pa.array(["2026-02-30T00:00:00Z", "2026-11-20T25:00:00Z", "1970-01-01T00:00:01Z", "x", None])
    assert moments(column).to_pylist() == [None, None, 1_000_000, None, None]
    assert days(pa.array(["2026-02-30", "1970-01-02", "x", None])).to_pylist() == [None, 1, None, None]
