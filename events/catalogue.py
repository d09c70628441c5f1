"""The catalogue: every event type by name, and the way from wire data to a typed event."""

from typing import Any

from groundwork.blocks.applications import applications
from groundwork.blocks.errors import UnknownName
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.suggestions import did_you_mean
from groundwork.events.base import Event, registered, registered_aliases
from groundwork.events.identifiers import STORED


def event_types() -> dict[str, type[Event]]:
    """Every event type that may be sent, by name, those of all applications."""
    _load()
    return {name: each for name, each in sorted(registered().items()) if each.sendable}


def sendable_types() -> dict[str, type[Event]]:
    """Every event type that may be sent, by whatever a sender may call it: names, then aliases."""
    types = event_types()
    return types | {name: each for name, each in sorted(registered_aliases().items()) if each.sendable}


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


@process_cache
def _load() -> None:
    for application in applications():
        application.load(application.events)


def parse_event(name: str, data: dict[str, Any]) -> Event:
    """A typed event from the wire form that the inbox has of it; its ids were accepted once and are not judged again.

    Args:
        name: ``domain/noun.verb``.
        data: camelCase fields as JSON gives them.

    Raises:
        UnknownName: no such event type.
        pydantic.ValidationError: the data does not fit the type.
    """
    return event_type(name).model_validate(data, context=STORED)
