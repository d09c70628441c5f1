"""Dates, times and numbers of mails, as a workspace's people write them."""

from datetime import UTC, date, datetime

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.notifications.local import Local
from groundwork.notifications.rendering import render
from groundwork.notifications.samples import sample_values

BERLIN = Local("de", "Europe/Berlin")


@pytest.mark.parametrize(
    ("locale", "number", "day", "short"),
    [
        ("en-GB", "1,234,567", "9 November 2026", "9 November"),
        ("en-US", "1,234,567", "November 9, 2026", "November 9"),
        ("de", "1.234.567", "9. November 2026", "9. November"),
        ("pl", "1\u00a0234\u00a0567", "9 listopada 2026", "9 listopada"),
        ("fr", "1\u202f234\u202f567", "9 novembre 2026", "9 novembre"),
        ("hi", "12,34,567", "9 नवंबर 2026", "9 नवंबर"),
    ],
)
def test_numbers_and_days_are_written_as_the_locale_says(locale, number, day, short):
    local = Local(locale)
    assert local.number(1_234_567) == number
    assert local.day(date(2026, 11, 9)) == day
    assert local.day("2026-11-09", with_year=False) == short


@pytest.mark.parametrize(
    ("utc", "told"),
    [
        ("2026-03-29T00:59:00", "29. März 2026, 01:59 CET"),
        ("2026-03-29T01:00:00", "29. März 2026, 03:00 CEST"),
        ("2026-10-25T00:30:00", "25. Oktober 2026, 02:30 CEST"),
        ("2026-10-25T01:30:00", "25. Oktober 2026, 02:30 CET"),
        ("2026-12-31T23:30:00", "1. Januar 2027, 00:30 CET"),
    ],
)
def test_a_time_of_changing_clocks_is_told_apart(utc, told):
    moment = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert BERLIN.moment(moment) == BERLIN.moment(moment.isoformat()) == told


def test_the_day_of_a_time_is_that_of_the_time_zone():
    assert BERLIN.day(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == "1. Januar 2027"


def test_without_a_setting_times_are_in_utc_and_numbers_english():
    assert Local().moment("2026-11-29T08:15:00+00:00") == "29 November 2026, 08:15 UTC"


@pytest.mark.parametrize("text", ["9 November", "", "soon", "2026-13-45"])
def test_text_that_is_no_date_stays_what_it_is(text):
    assert (BERLIN.day(text), BERLIN.moment(text)) == (text, text)


def test_a_time_without_an_offset_stays_what_it_is():
    assert BERLIN.moment("2026-11-29T08:15:00") == "2026-11-29T08:15:00"


@pytest.mark.parametrize("locale", ["", "xx-nowhere", "../../etc/passwd", "de" * 1000, "en-GB\n"])
def test_a_locale_that_there_is_not_is_refused_with_the_cure(locale):
    with pytest.raises(ConfigurationError, match="locale: there is no"):
        Local.checked(locale, "UTC")


@pytest.mark.parametrize("zone", ["", "Europe", "Europe/Lodnon", "../../etc/passwd", "/etc/passwd", "a\0b"])
def test_a_time_zone_that_there_is_not_is_refused_with_the_cure(zone):
    with pytest.raises(ConfigurationError, match="time zone: there is no"):
        Local.checked("de", zone)


def test_what_somebody_stored_wrongly_keeps_no_mail_back(caplog):
    assert Local.stored("klingon", "Mars/Olympus") == Local()
    assert "groundwork workspace set" in caplog.text
    assert Local.stored(None, None) == Local()


def test_both_ways_to_write_a_locale_are_one():
    assert Local.checked("de_CH", "UTC") == Local.checked("de-CH", "UTC") == Local("de-CH", "UTC")


def test_a_digest_has_the_numbers_and_dates_of_its_workspace():
    values = sample_values("weekly_digest") | {"begins": "2025-12-29", "ends": "2026-01-04"}
    values["measures"][0] |= {"count": 12_345, "before": 1_000, "change": 11.345}
    told = render("weekly_digest", local=BERLIN, **values)
    assert told.subject == "Your week from 29. Dezember 2025 to 4. Januar 2026: 12.345 new contacts"
    for each in (told.text, told.html):
        assert "12.345" in each
        assert "1.000" in each
        assert "+1.134 %" in each


def test_an_export_s_link_ends_at_a_time_of_the_workspace():
    told = render("export_finished", local=BERLIN, **sample_values("export_finished"))
    assert "29. November 2026, 09:15 CET" in told.text
    assert "29. November 2026, 09:15 CET" in told.html
