"""Stored events that do not fit the types of the code: what is stored, and what is wrong with it, field by field."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from groundwork.blocks.errors import EventMisfit, UnknownName
from groundwork.blocks.storable import error_text, place, storable_text
from groundwork.events.base import Event
from groundwork.events.catalogue import event_type
from groundwork.events.identifiers import STORED

_MOST_FAULTS = 10
"""Faults that a message names."""
_LONGEST_REASON = 300
"""Characters of one reason, which may quote what was stored."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field.

    Attributes:
        field: as the wire names it, such as ``rows[3].amount``; empty for the event as a whole.
    """

    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}" if self.field else self.reason


@dataclass(frozen=True)
class Misfit:
    """A stored event that does not fit its type, as hooks get it in place of the event.

    A field that is stored can be read under its name in Python or on the wire (``misfit.import_id``); its value is what
    JSON has, and nothing has validated it.

    Attributes:
        event_name: under which it is stored.
        workspace_id: the event's, as it was accepted.
        data: as it is stored; an object, as a rule.
        faults: why it does not fit.
    """

    event_name: str
    workspace_id: str
    data: Any
    faults: Sequence[FieldFault]

    def __getattr__(self, name: str) -> Any:
        data = self.__dict__.get("data")
        if isinstance(data, dict) and not name.startswith("__"):
            for key in (name, to_camel(name)):
                if key in data:
                    return data[key]
        raise AttributeError(f"the stored {self.__dict__.get('event_name')} has no field {name!r}")

    @property
    def error(self) -> EventMisfit:
        """What its delivery fails with."""
        told = [str(each) for each in self.faults[:_MOST_FAULTS]]
        if len(self.faults) > len(told):
            told.append(f"and {len(self.faults) - len(told)} more")
        return EventMisfit(
            f"The stored event {self.event_name} does not fit its type in this code: {'; '.join(told)}. Mend the type "
            'so that it reads what is stored (docs/jobs.md, "Event types that change"), deploy, then '
            "`groundwork dead replay`."
        )


def read_event(name: str, data: Any, workspace_id: str, on: type[Event] = Event) -> Event | Misfit:
    """A stored event, typed.

    Args:
        name: under which it is stored.
        data: its wire form.
        workspace_id: in which it was accepted.
        on: what the event must be, such as the type that a job listens to.

    Returns:
        The event, or why the code cannot read it.

    Raises:
        ConfigurationError: an application cannot be loaded, which says nothing about the event.
    """
    try:
        kind = event_type(name)
    except UnknownName as unknown:
        reason = f"there is no such type ({unknown}): it was renamed or removed, or its application is not loaded"
        return Misfit(name, workspace_id, data, [FieldFault("", f"{reason} (GROUNDWORK_APPLICATIONS)")])
    if not issubclass(kind, on):
        reason = f"{on.event_name} ({on.__name__}) is wanted, and {kind.__name__} is no such event"
        return Misfit(name, workspace_id, data, [FieldFault("", reason)])
    try:
        return kind.model_validate(data, context=STORED)
    except ValidationError as error:
        return Misfit(name, workspace_id, data, field_faults(error))
    except Exception as error:  # a validator of the type's own, which may raise anything
        reason = storable_text(f"a validator of {kind.__name__} raises {error_text(error)}", _LONGEST_REASON)
        return Misfit(name, workspace_id, data, [FieldFault("", reason)])


def field_faults(error: ValidationError) -> list[FieldFault]:
    """What Pydantic found, field by field, without the values."""
    return [
        FieldFault(
            place("", each["loc"]) if each["loc"] else "",
            storable_text(each["msg"].removeprefix("Value error, "), _LONGEST_REASON),
        )
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]
