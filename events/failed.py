"""Final failures as events: what a job receives that listens to ``Failed(…)`` of another event type."""

from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar, cast
from uuid import UUID

from pydantic import Field

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.base import Event
from groundwork.events.misfit import Misfit, read_event

E = TypeVar("E", bound=Event)

PREFIX = "groundwork/failed."
"""Begin of the names of these events; behind it stands the failed event's name, with a full stop for its slash."""


class Failure(Event, Generic[E]):
    """A delivery of an event has failed for good. :func:`Failed` makes the type for one event type.

    Only the inbox records it, in the transaction of the failure; nobody can send one.
    """

    of: ClassVar[type[Event]] = Event
    sendable = False

    failed_delivery_id: UUID = Field(description="Delivery that failed; `groundwork dead replay` takes it.")
    failed_event_id: UUID = Field(description="The failed event's id.")
    job: str = Field(description="Job that failed.")
    attempt: int = Field(description="Runs that had claimed the delivery.")
    error: str = Field(description="Class and message of the last error.")
    failed_at: datetime = Field(description="When it failed.")
    data: Any = Field(None, description="The failed event's data, as it is stored.")

    @property
    def event(self) -> E:
        """The failed event, typed. Where it does not fit its type, a :class:`~groundwork.events.misfit.Misfit`, which
        has the fields that are stored."""
        of = type(self).of
        found: Event | Misfit = read_event(of.event_name, self.data, self.workspace_id, of)
        return cast("E", found)


def Failed(of: type[E]) -> type[Failure[E]]:
    """The event type of the final failures of an event type, for ``@job(on=Failed(CsvImportConfirmed))``.

    Args:
        of: the type whose failed deliveries are meant, of whichever job.

    Raises:
        ConfigurationError: it is no event type with a name, or itself one of failures, which could go on for ever.
    """
    if not (isinstance(of, type) and issubclass(of, Event) and of.event_name):
        raise ConfigurationError(f"Failed({getattr(of, '__name__', of)}): an event type with a name is wanted")
    if issubclass(of, Failure):
        raise ConfigurationError(
            f"Failed({of.__name__}): the failure of a job that hears of failures is a dead letter and no further "
            "event, since it could fail for ever. Use on_failure, or see `groundwork dead list`."
        )
    return cast("type[Failure[E]]", _type_of(of))


def name_of_failure(event_name: str) -> str:
    """Under which name the failures of an event are recorded."""
    return PREFIX + event_name.replace("/", ".")


@cache
def _type_of(of: type[Event]) -> type[Failure[Any]]:
    namespace = {
        "__module__": of.__module__,
        "__qualname__": f"Failed({of.__qualname__})",
        "__doc__": f"A delivery of {of.event_name} has failed for good.",
        "__annotations__": {"of": ClassVar[type[Event]]},
        "of": of,
    }
    metaclass: Any = type(Failure)
    made = metaclass(f"Failed{of.__name__}", (Failure,), namespace, name=name_of_failure(of.event_name))
    return cast("type[Failure[Any]]", made)
