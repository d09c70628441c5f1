"""Guests."""

from pydantic import Field

from groundwork.events.base import Event


class GuestCame(Event, name="shop-of-tests/guest.came"):
    """Somebody came."""

    gate: str | None = Field(None, description="File that the job waits for.")
