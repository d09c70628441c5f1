"""Events that the code under test has sent."""

from typing import Any, TypeVar

from groundwork.blocks.database import database
from groundwork.blocks.errors import UnknownName
from groundwork.blocks.suggestions import did_you_mean
from groundwork.events.base import Event
from groundwork.events.catalogue import parse_event
from groundwork.events.inbox.rehearsal import stored_events

SOURCE = "groundwork.testing"
"""Source of the events that the test itself sends."""

E = TypeVar("E", bound=Event)


def sent_events() -> list[Event]:
    """Every event that the inbox has and that the test did not send itself, in order of acceptance."""
    with database().transaction() as connection:
        return [parse_event(each.name, each.data) for each in stored_events(connection) if each.source != SOURCE]


def the_sent(kind: type[E], fields: dict[str, Any]) -> E:
    """The first event of a type with these fields that was sent.

    Raises:
        UnknownName: the type has no such field.
        AssertionError: none was; the message lists what was sent.
    """
    __tracebackhide__ = True
    for name in fields:
        if name not in kind.model_fields:
            raise UnknownName(f"{kind.__name__} has no field {name!r}{did_you_mean(name, dict(kind.model_fields))}")
    events = sent_events()
    for event in events:
        if isinstance(event, kind) and not _differing(event, fields):
            return event
    with_fields = f" with {_fields(fields)}" if fields else ""
    said = "".join(f"\n  {_described(event, kind, fields)}" for event in events) or " nothing."
    raise AssertionError(f"no {kind.event_name} was sent{with_fields}. What was sent:{said}")


def _described(event: Event, kind: type[Event], fields: dict[str, Any]) -> str:
    described = f"{event.event_name} {_fields(dict(event))}"
    if not isinstance(event, kind):
        return described
    return f"{described}  ← other {', '.join(_differing(event, fields))}"


def _differing(event: Event, fields: dict[str, Any]) -> list[str]:
    return [name for name, value in fields.items() if getattr(event, name) != value]


def _fields(values: dict[str, Any]) -> str:
    return ", ".join(
        f"{name}={str(value)!r}" if isinstance(value, str) else f"{name}={value!r}" for name, value in values.items()
    )
