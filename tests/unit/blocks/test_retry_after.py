"""How long a provider asks to be left alone, in all the ways in which it may be said."""

import math
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from groundwork.blocks import retry_after
from groundwork.blocks.errors import ConfigurationError, RetryAfter

NOW = datetime(2026, 11, 27, 12, 0, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(retry_after, "_now", lambda: NOW)


def seconds(wanted: Any) -> float:
    return RetryAfter("busy", wanted).seconds


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (7, 7.0), (0, 0.0), (0.25, 0.25), ("120", 120.0), (" 3 ", 3.0), ("0", 0.0), ("1.5", 1.5),
        (timedelta(minutes=2), 120.0),
        (NOW + timedelta(seconds=90), 90.0),
        ((NOW + timedelta(seconds=90)).astimezone(timezone(timedelta(hours=5))), 90.0),
        (NOW - timedelta(days=1), 0.0),
        ("Fri, 27 Nov 2026 12:01:30 GMT", 90.0),
        ("Friday, 27-Nov-26 12:01:30 GMT", 90.0),
        ("Fri Nov 27 12:01:30 2026", 90.0),
        ("Tue Dec  1 12:00:00 2026", 4 * 86400.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0.0),
        ("Sun Nov  6 08:49:37 1994", 0.0),
        ("Fri, 27 Nov 2026 12:00:60 GMT", 59.0),
    ],
)  # fmt: skip
def test_seconds_spans_moments_and_each_form_of_the_header_are_understood(wanted: Any, expected: float):
    assert seconds(wanted) == expected


@pytest.mark.parametrize(
    "wanted",
    [
        "", "soon", "-5", "nan", "inf", "1e3", "٣", "9" * 400, "Fri, 31 Feb 2026 12:00:00 GMT", "Fri, 27 Nov 2026",
        "Fri, 27 Nov 2026 25:00:00 GMT", "2026-11-27T12:00:00Z", "120; 3", "Fri, 27 Nov 2026 12:01:30 PST",
    ],
)  # fmt: skip
def test_a_malformed_header_leaves_the_steps_own_delay(wanted: str):
    assert seconds(wanted) == 0.0


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (-1, "0 or more seconds"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (10**400, "0 or more seconds"),
        (timedelta(seconds=-1), "give the datetime itself"),
        (datetime(2026, 11, 27, 12), "no time zone"),
        (None, "a NoneType is no time"),
        (True, "a bool is no time"),
        (b"3", "a bytes is no time"),
    ],
)
def test_what_the_code_cannot_mean_is_refused_with_the_cure(wanted: Any, words: str):
    with pytest.raises(ConfigurationError, match=words):
        RetryAfter("busy", wanted)


def test_two_digits_of_a_year_mean_the_past_where_they_would_be_more_than_fifty_years_ahead():
    assert seconds("Friday, 27-Nov-76 12:00:00 GMT") > 0
    assert seconds("Saturday, 27-Nov-77 12:00:00 GMT") == 0


def test_a_response_is_asked_for_its_own_header():
    asked = RetryAfter.of(httpx.Response(429, headers={"Retry-After": "12"}))
    assert (asked.seconds, str(asked)) == (12.0, "the provider answered 429")
    assert RetryAfter.of(SimpleNamespace(headers={"retry-after": "12"}, status=503)).seconds == 12.0
    assert RetryAfter.of(httpx.Response(503), "away").seconds == 0.0


def test_a_date_counts_from_the_providers_own_clock():
    headers = {"Retry-After": "Thu, 26 Nov 2026 00:00:30 GMT", "Date": "Thu, 26 Nov 2026 00:00:00 GMT"}
    assert RetryAfter.of(httpx.Response(429, headers=headers)).seconds == 30.0
