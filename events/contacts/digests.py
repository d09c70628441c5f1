"""Events of the domain ``digest``."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from groundwork.events.base import Event
from groundwork.events.checked_in_sql import checked_in_sql

_LONG_YEARS = [year for year in range(1970, 2100) if date(year, 12, 28).isocalendar().week == 53]
_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)


def monday_of(week: str) -> date:
    """The first day of a week in ISO 8601 notation, such as ``2026-W47``.

    Raises:
        ValueError: there is no such week.
    """
    found = _WEEK.fullmatch(week)
    if found is None:
        raise ValueError(f"{week!r} is not a week; write it as 2026-W47 (ISO 8601)")
    try:
        return date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError:
        raise ValueError(f"there is no week {week}") from None


@checked_in_sql(
    pattern=rf"^(?:(?:19[7-9]|20[0-9])[0-9]-W(?:0[1-9]|[1-4][0-9]|5[0-2])|(?:{'|'.join(map(str, _LONG_YEARS))})-W53)$"
)
def _existing(week: str) -> str:
    monday_of(week)
    return week


IsoWeek = Annotated[
    str,
    Field(json_schema_extra={"pattern": r"^\d{4}-W\d{2}$"}, description="ISO 8601 week, such as 2026-W47."),
    AfterValidator(_existing),
]
"""A week from Monday 00:00 to Sunday 24:00 UTC."""


class WeekEnded(Event, name="digest/week.ended"):
    """It is time for the digests of every workspace. Sent by the schedule or by an operator, for the workspace
    ``platform``."""

    week: IsoWeek | None = Field(None, description="The week to report; left out, the last complete one.")


class WeeklyDigestDue(Event, name="digest/week.due"):
    """A workspace was active in a week, and those of its users who want to hear of it are to be told."""

    week: IsoWeek
