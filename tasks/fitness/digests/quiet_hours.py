"""When a member's mails may go out: not in the quiet hours of the gym, which are hours of the member's own zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one hour to another, over midnight or not; equal ones are none.

    Attributes:
        zone: IANA name.
        begin: local; from then on no mail goes out.
        end: local; until then.
    """

    zone: str
    begin: time
    end: time

    def over_at(self, moment: datetime) -> datetime | None:
        """When the quiet hours are over that a moment lies in, in UTC; None where it lies in none."""
        local = moment.astimezone(ZoneInfo(self.zone))
        clock = local.time()
        over_midnight = self.begin > self.end
        within = (clock >= self.begin or clock < self.end) if over_midnight else self.begin <= clock < self.end
        if not within:
            return None
        day = local.date() + timedelta(days=over_midnight and clock >= self.begin)
        over = self._at(day, self.end)
        # The hour that a change of clocks repeats: its second time is later than what was found.
        return over if over > moment else over + timedelta(hours=1)

    def day_of(self, moment: datetime) -> date:
        """The member's day."""
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def next_day(self, moment: datetime) -> datetime:
        """When the next day's first mail may go out, in UTC."""
        midnight = self._at(self.day_of(moment) + timedelta(days=1), time())
        return self.over_at(midnight) or midnight

    def _at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, ZoneInfo(self.zone)).astimezone(UTC)
