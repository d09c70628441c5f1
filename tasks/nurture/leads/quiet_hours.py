"""Hours in which an agency's people are not disturbed, by the clock on their wall."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.nurture.agency import Agency


def end_of_quiet(agency: Agency, now: datetime) -> datetime | None:
    """When the agency may be disturbed again; None if it may be now.

    Quiet hours that begin and end at one time are none. Where clocks are changed, a time that comes twice or not at all
    may mean two moments: quiet is whatever is so by either of them, so that nobody is woken too early.

    Args:
        now: with a zone.

    Returns:
        In UTC.

    Raises:
        NonRetriable: there is no such time zone; the message says what to do.
    """
    begins, ends = agency.quiet_from, agency.quiet_until
    if begins == ends:
        return None
    zone = _zone(agency)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        until = day if begins < ends else day + timedelta(days=1)
        begin = min(_moments(day, begins, zone))
        end = max(_moments(until, ends, zone))
        if begin <= now < end:
            return end
    return None


def _moments(day: date, clock: time, zone: ZoneInfo) -> list[datetime]:
    """The moments that a time on the wall may mean: one, or two where clocks are changed."""
    return [datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1)]


def _zone(agency: Agency) -> ZoneInfo:
    try:
        return ZoneInfo(agency.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NonRetriable(
            f"nurture.agency.time_zone of {agency.workspace_id} is {agency.time_zone!r}, which is no time zone. Set a "
            "name such as Europe/London, then replay."
        ) from None
