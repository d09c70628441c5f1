"""Weeks from Monday 00:00 to Sunday 24:00 UTC, as ISO 8601 counts them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from groundwork.events.contacts.digests import monday_of


@dataclass(frozen=True, slots=True)
class Week:
    """One week.

    Attributes:
        monday: its first day.
    """

    monday: date

    @classmethod
    def named(cls, name: str) -> Self:
        """The week ``2026-W47``.

        Raises:
            ValueError: there is no such week.
        """
        return cls(monday_of(name))

    @classmethod
    def last_complete(cls, now: datetime) -> Self:
        """The week that ended last at a time, however long ago its digest was due."""
        today = now.astimezone(UTC).date()
        return cls(today - timedelta(days=today.weekday() + 7))

    @property
    def name(self) -> str:
        """``2026-W47``."""
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02}"

    @property
    def before(self) -> "Week":
        """The week before."""
        return Week(self.monday - timedelta(days=7))

    @property
    def days(self) -> list[date]:
        """Monday to Sunday."""
        return [self.monday + timedelta(days=number) for number in range(7)]

    @property
    def begins_at(self) -> datetime:
        """Monday 00:00 UTC."""
        return datetime.combine(self.monday, time(), UTC)

    @property
    def ends_at(self) -> datetime:
        """The next Monday 00:00 UTC, which is no longer part of it."""
        return self.begins_at + timedelta(days=7)
