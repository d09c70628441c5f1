"""The catalogue: every event type by name, and the way from wire data to a typed event."""

import difflib
from functools import cache
from typing import Any

from groundwork.blocks.applications import applications
from groundwork.blocks.errors import UnknownName
from groundwork.events.base import Event, registered


def event_types() -> dict[str, type[Event]]:
    """Every event type by name, those of all applications."""
    _load()
    return dict(sorted(registered().items()))


def event_type(name: str) -> type[Event]:
    """The event type of a name.

    Raises:
        UnknownName: no type has this name; the message suggests the nearest ones.
    """
    _load()
    found = registered().get(name)
    if found is None:
        raise UnknownName(f"unknown event {name!r}{did_you_mean(name, event_types())}")
    return found


@cache
def _load() -> None:
    for application in applications():
        for _ in application.modules(application.events):
            pass


def parse_event(name: str, data: dict[str, Any]) -> Event:
    """A typed event from its wire form.

    Args:
        name: ``domain/noun.verb``.
        data: camelCase fields as JSON gives them.

    Raises:
        UnknownName: no such event type.
        pydantic.ValidationError: the data does not fit the type.
    """
    return event_type(name).model_validate(data)


def did_you_mean(name: str, known: dict[str, Any]) -> str:
    """``, did you mean 'x'?`` for a misspelt name, or the known names where none is near."""
    # The similarity of a name three times as long is below the cutoff, and would take seconds for one of megabytes.
    longest = max(map(len, known), default=0)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6) if len(name) < 3 * longest else []
    if near:
        return ", did you mean " + " or ".join(repr(each) for each in near) + "?"
    return f"; known are {', '.join(known) or 'none'}"
