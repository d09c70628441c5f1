"""Which day a reading counts for.

The rules, in this order:

1. A reading with an offset of its own counts where the member was: by that offset. A member who has moved, or travels,
   changes nothing of it, whenever it arrives.
2. A reading in plain UTC counts in the zone that the member has when it arrives, or else the gym.
3. A sleep counts for the day that it ends on. So a night is one day, and of two sleeps in one night, or a sleep and a
   nap, each counts for the day of its own end.
4. A provider's own day goes before that, where it is at most a day from the reading's own: it knows the wearer.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_FARTHEST = timedelta(hours=14)
"""The farthest offset there is: Kiribati's. West of UTC it is 12 h."""


class NoTime(ValueError):
    """A text is no time. The message says what it is."""


def zone_named(name: str | None) -> ZoneInfo:
    """The zone of a member or a gym; UTC where the name is of none, since a reading without a day is of no use."""
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, OSError, LookupError):
        return ZoneInfo("UTC")


def moment_of(text: object) -> datetime:
    """A time of ISO 8601 with its offset.

    Raises:
        NoTime: it is none, or has no offset.
    """
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise NoTime(f"{str(text)[:60]!r} is no time") from None
    if moment.tzinfo is None:
        raise NoTime(f"{str(text)[:60]!r} has no offset from UTC")
    return moment


def at_offset(moment: datetime, offset: object) -> datetime:
    """A time as it was where it was measured.

    Args:
        moment: with any offset.
        offset: such as ``-05:00``, or whole seconds; None where nobody knows. Providers send anything else, too.

    Raises:
        NoTime: there is no such offset.
    """
    if offset is None or offset == "":
        return moment
    shift = None
    if offset in ("Z", "z"):
        shift = timedelta()
    elif isinstance(offset, str) and (found := _OFFSET.fullmatch(offset)):
        shift = timedelta(hours=int(found[2]), minutes=int(found[3])) * (-1 if found[1] == "-" else 1)
    elif isinstance(offset, int) and abs(offset) <= _FARTHEST.total_seconds():
        shift = timedelta(seconds=offset)
    if shift is None or abs(shift) > _FARTHEST:
        raise NoTime(f"{str(offset)[:20]!r} is no offset from UTC")
    try:
        return moment.astimezone(timezone(shift))
    except OverflowError:
        raise NoTime(f"{moment.isoformat()} is beyond the calendar") from None


def day_of(moment: datetime, zone: ZoneInfo, *, said: str | date | None = None, has_offset: bool = True) -> date:
    """The day that a reading counts for.

    Args:
        moment: when it was measured, at the offset of where that was; of a sleep, when it ended.
        zone: the member's, for a moment without an offset of its own.
        said: the day that the provider says.
        has_offset: whether the moment's offset is one of the place; False for plain UTC.

    Raises:
        NoTime: what the provider says is no day, or more than a day away from the reading.
    """
    try:
        own = (moment if has_offset else moment.astimezone(UTC).astimezone(zone)).date()
    except OverflowError:
        raise NoTime(f"{moment.isoformat()} is beyond the calendar") from None
    if said is None:
        return own
    try:
        day = said if isinstance(said, date) else date.fromisoformat(str(said))
    except ValueError:
        raise NoTime(f"{str(said)[:30]!r} is no day") from None
    if abs(day - own) > timedelta(days=1):
        raise NoTime(f"it is said to be of {day}, and was measured on {own}")
    return day
