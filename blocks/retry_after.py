"""How long a provider asks to be left alone: seconds, a moment, or the text of its header ``Retry-After``.

RFC 9110, section 10.2.3: the header is a number of seconds or a date, and a date may have any of three forms.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_SECONDS = re.compile(r"\d{1,18}(\.\d{1,9})?", re.ASCII)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTH, _TIME = rf"(?P<month>{'|'.join(_MONTHS)})", r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_SHORT, _LONG = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)", "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_DATES = tuple(
    re.compile(each, re.ASCII)
    for each in (
        rf"{_SHORT}, (?P<day>\d\d) {_MONTH} (?P<year>\d{{4}}) {_TIME} GMT",
        rf"{_LONG}, (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_TIME} GMT",
        rf"{_SHORT} {_MONTH} (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)
"""The date of mails, of RFC 850 (two digits of the year), and of C's asctime."""


def seconds_of(wanted: float | timedelta | datetime | str) -> float | None:
    """Seconds from now that are meant.

    Returns:
        Seconds; 0 for a moment that is over. None for a text that is neither a number nor a date: a provider's
        mistake, which is no reason to fail.

    Raises:
        ValueError: a number is negative or not finite, or a moment has no time zone: a mistake of the caller's.
        TypeError: it is none of these.
    """
    match wanted:
        case str():
            return _seconds_of_text(wanted)
        case datetime():
            if wanted.utcoffset() is None:
                raise ValueError(f"{wanted.isoformat()} has no time zone; write datetime(…, tzinfo=UTC)")
            return _seconds_until(wanted, _now())
        case timedelta():
            seconds = wanted.total_seconds()
        case bool():
            raise TypeError("a bool is no time")
        case int() | float():
            seconds = _finite(wanted)
        case _:
            raise TypeError(f"a {type(wanted).__name__} is no time: seconds, a timedelta, a datetime or a text is")
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"{wanted} is no time to wait: 0 or more seconds are; of a moment, give the datetime itself")
    return seconds


def seconds_of_headers(headers: Mapping[str, Any]) -> float | None:
    """What a response's ``Retry-After`` asks for, in seconds; None where it has none, or one that nobody can read.

    A date is taken as later than the response's own ``Date``, so that a clock that differs from the provider's does no
    harm.

    Args:
        headers: of httpx, requests, urllib3 or aiohttp; of a dictionary, the case of names does not count.
    """
    found = {str(name).lower(): str(value) for name, value in headers.items()}
    text = found.get("retry-after", "")
    moment, sent = _moment_of(text), _moment_of(found.get("date", ""))
    return _seconds_of_text(text) if moment is None or sent is None else _seconds_until(moment, sent)


def _seconds_of_text(text: str) -> float | None:
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    moment = _moment_of(text)
    return None if moment is None else _seconds_until(moment, _now())


def _moment_of(text: str) -> datetime | None:
    found = next((match for each in _DATES if (match := each.fullmatch(text.strip()))), None)
    if found is None:
        return None
    year, month = int(found["year"]), _MONTHS.index(found["month"]) + 1
    if len(found["year"]) == 2:
        year = _full_year(year, _now().year)
    try:
        # A leap second is the one before it.
        return datetime(
            year, month, int(found["day"]), int(found["hour"]), int(found["minute"]), min(int(found["second"]), 59),
            tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        return None


def _full_year(last_digits: int, this_year: int) -> int:
    """The year of two digits: more than 50 years ahead is the past, as the RFC says."""
    year = this_year - this_year % 100 + last_digits
    return year - 100 if year > this_year + 50 else year


def _seconds_until(moment: datetime, now: datetime) -> float:
    return max(0.0, (moment - now).total_seconds())


def _now() -> datetime:
    return datetime.now(UTC)


def _finite(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf
