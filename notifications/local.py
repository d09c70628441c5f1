"""Dates, times and numbers as a workspace's people write them."""

import logging
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal

from groundwork.blocks.errors import ConfigurationError

logger = logging.getLogger(__name__)

DEFAULT_LOCALE, DEFAULT_ZONE = "en-GB", "UTC"


@dataclass(frozen=True, slots=True)
class Local:
    """How dates, times and numbers are written. The words of a mail are its template's.

    Attributes:
        locale: language and, where they differ, territory, such as ``de`` or ``en-US``.
        time_zone: IANA name, such as ``Europe/Berlin``.
    """

    locale: str = DEFAULT_LOCALE
    time_zone: str = DEFAULT_ZONE

    @classmethod
    def checked(cls, locale: str, time_zone: str) -> Self:
        """The two as they are stored.

        Raises:
            ConfigurationError: there is no such locale or time zone.
        """
        try:
            known = str(Locale.parse(locale.replace("_", "-"), sep="-")).replace("_", "-")
        except (UnknownLocaleError, ValueError, TypeError):
            raise ConfigurationError(f"locale: there is no {locale!r}; en-GB and de are some") from None
        try:
            ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigurationError(f"time zone: there is no {time_zone!r}; Europe/Berlin is one") from None
        return cls(known, time_zone)

    @classmethod
    def stored(cls, locale: str | None, time_zone: str | None) -> Self:
        """The two as a row has them. What is none of them, as somebody's statement may write it, is the default: it is
        no reason to send no mail."""
        if locale is None and time_zone is None:
            return cls()
        try:
            return cls.checked(locale or DEFAULT_LOCALE, time_zone or DEFAULT_ZONE)
        except ConfigurationError as error:
            logger.warning("A mail has dates and numbers of the default: %s. See groundwork workspace set", error)
            return cls()

    def number(self, value: float) -> str:
        """``1,234,567``, ``1.234.567``."""
        if self.locale == DEFAULT_LOCALE:
            return f"{value:,}"
        return _number(self.locale, value)

    def day(self, value: date | str, *, with_year: bool = True) -> str:
        """``9 November 2026``, ``9. November 2026``; of a time with an offset, the day that it is in the time zone.
        Text that is no date stays as it is."""
        try:
            on = value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            return str(value)
        if isinstance(on, datetime) and on.tzinfo is not None:
            on = on.astimezone(ZoneInfo(self.time_zone))
        locale = _parsed(self.locale)
        written: str = (
            format_date(on, "long", locale=locale) if with_year else format_skeleton("MMMMd", on, locale=locale)
        )
        return written

    def moment(self, value: datetime | str) -> str:
        """``29 November 2026, 09:15 CET``: of two hours that clocks show alike, the zone's name says which it is. Text
        that is no time with an offset stays as it is."""
        try:
            at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            return str(value)
        if at.tzinfo is None:
            return str(value)
        here = at.astimezone(ZoneInfo(self.time_zone))
        clock = format_time(here.time(), "short", locale=_parsed(self.locale))
        return f"{self.day(here.date())}, {clock} {here.tzname()}"


@lru_cache(maxsize=1_000)
def _number(locale: str, value: float) -> str:
    written: str = format_decimal(value, locale=_parsed(locale))
    return written


@lru_cache(maxsize=100)
def _parsed(locale: str) -> Locale:
    return Locale.parse(locale, sep="-")
