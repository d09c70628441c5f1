"""When a mail of a sequence is due."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

MORNING = time(9)
"""By the agency's clock: when mails of later days go out."""


def due_at(stored_at: datetime, days: int, zone: str) -> datetime:
    """The moment at which a mail is due: the first one at once, later ones in the morning of their day.

    Args:
        stored_at: when the sequence was stored; with its zone.
        days: after that, by the calendar of the agency.
        zone: IANA name of the agency's.
    """
    if days == 0:
        return stored_at
    local = stored_at.astimezone(ZoneInfo(zone))
    # Of two moments of one reading, when clocks go back, the first; a reading that is skipped comes an hour later.
    return datetime.combine(local.date() + timedelta(days=days), MORNING, tzinfo=ZoneInfo(zone))
