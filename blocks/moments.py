"""Times as people and programs write them."""

from datetime import UTC, datetime


def read_utc(text: str) -> datetime:
    """A time of ISO 8601 in UTC, which it is taken for where it names no zone.

    Raises:
        ValueError: it is none, or none that can be told in UTC.
    """
    at = datetime.fromisoformat(text)
    try:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from None
