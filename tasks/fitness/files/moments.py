"""Times and days of many rows at once, by the rules of ``readings/day``."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from groundwork.tasks.fitness.readings.day import NoTime, moment_of

_FORM = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)$"
_DAY_FORM = r"^\d{4}-\d\d-\d\d$"
_UTC = pa.timestamp("us", "UTC")
_MICROSECONDS = 1_000_000
_DAY = 86_400 * _MICROSECONDS
_QUARTER = 900
"""Seconds. Every offset from UTC changes at a quarter of an hour."""

Integers = npt.NDArray[np.int64]


def moments(column: Any) -> Any:
    """Microseconds since 1970, null where a text is no time with an offset."""
    plain = pc.if_else(pc.match_substring_regex(column, _FORM), column, None)
    try:
        return pc.cast(plain, _UTC).cast(pa.int64())
    except pa.ArrowInvalid:
        # One of them has a 30th of February, or an hour 25: each by itself.
        return pa.array([_microseconds(each) for each in plain.to_pylist()], pa.int64())


def days(column: Any) -> Any:
    """Days since 1970, null where a text is no day."""
    plain = pc.if_else(pc.match_substring_regex(column, _DAY_FORM), column, None)
    try:
        return pc.cast(plain, pa.date32()).cast(pa.int32()).cast(pa.int64())
    except pa.ArrowInvalid:
        return pa.array([_day(each) for each in plain.to_pylist()], pa.int64())


def own_days(texts: Any, at: Integers, zones: Integers, names: list[str]) -> Integers:
    """The day on which each row was measured.

    Args:
        texts: the times as they stand: their offsets say where the member was, but for ``Z``.
        at: the same in microseconds since 1970; anything where there is none.
        zones: which of ``names`` is the member's zone; below 0 for UTC.
        names: of zones.
    """
    found = at // _DAY
    is_utc = pc.fill_null(pc.ends_with(texts, "Z"), True).to_numpy(zero_copy_only=False)
    for zone in np.unique(zones[is_utc]):
        if zone >= 0:
            rows = np.flatnonzero(is_utc & (zones == zone))
            found[rows] = (at[rows] + _offsets(at[rows], names[zone])) // _DAY
    rows = np.flatnonzero(~is_utc)
    if len(rows):
        local = pc.utf8_slice_codeunits(texts.take(pa.array(rows)), 0, 10)
        found[rows] = pc.fill_null(days(local), 0).to_numpy()
    return found


def _offsets(at: Integers, name: str) -> Integers:
    """Offset of a zone at each moment, in microseconds."""
    quarters, place = np.unique(at // _MICROSECONDS // _QUARTER, return_inverse=True)
    zone = ZoneInfo(name)
    offsets = [_offset(int(each) * _QUARTER, zone) for each in quarters]
    return np.array(offsets, np.int64)[place] * _MICROSECONDS


def _offset(second: int, zone: ZoneInfo) -> int:
    try:
        offset = datetime.fromtimestamp(second, zone).utcoffset()
    except (ValueError, OverflowError, OSError):
        return 0
    return int(offset.total_seconds()) if offset else 0


def _microseconds(text: str | None) -> int | None:
    try:
        moment = moment_of(text).astimezone(UTC)
    except (NoTime, OverflowError):
        return None
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * _MICROSECONDS)


def _day(text: str | None) -> int | None:
    try:
        return (datetime.fromisoformat(text or "") - datetime(1970, 1, 1)).days
    except ValueError:
        return None
