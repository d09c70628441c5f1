"""A time on the command line: so long ago, or since a date."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from groundwork.blocks.moments import read_utc

_AGO = re.compile(r"(\d+)([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_since(text: str) -> datetime:
    """``2h`` is two hours ago (s, m, h, d, w); ``2026-05-04`` or ``2026-05-04T13:00`` is a time in UTC.

    Raises:
        typer.BadParameter: it is neither.
    """
    if ago := _AGO.fullmatch(text.strip()):
        try:
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        except (OverflowError, ValueError):
            raise typer.BadParameter(f"{text!r} is before all time; write 30m, 2h, 7d or a date") from None
    try:
        return read_utc(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write 30m, 2h, 7d, 2026-05-04 or 2026-05-04T13:00") from None


SinceOption = Annotated[
    datetime | None,
    typer.Option("--since", parser=parse_since, metavar="AGO|DATE", help="Not before: 30m, 2h, 7d, or a date (UTC)."),
]
