"""The base of every event type: immutable, camelCase on the wire, unknown fields refused."""

import re
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError, PydanticSerializationError

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.place import is_same_definition, place_of
from groundwork.blocks.storable import Unstorable, check_plain
from groundwork.events.checked_in_sql import checked_in_sql
from groundwork.events.identifiers import UserId, WorkspaceId

NAME_PATTERN = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*/[a-z][a-z0-9]*(-[a-z0-9]+)*(\.[a-z][a-z0-9]*(-[a-z0-9]+)*)+$")
"""``domain/noun.verb``, lower case with hyphens within a word: ``import/csv.confirmed``."""

WIRE = ConfigDict(
    frozen=True,
    extra="forbid",
    alias_generator=to_camel,
    validate_by_name=True,
    validate_by_alias=True,
    allow_inf_nan=False,
    ser_json_inf_nan="constants",
)
"""How every model of the wire behaves: immutable, camelCase, unknown fields refused, and so are the numbers that JSON
does not know, which lax validation makes of the text ``"nan"``. Where a field takes anything, such a number is written
as what it is, so that whoever stores it finds it: Pydantic's default is null."""

_registry: dict[str, type["Event"]] = {}


class Event(BaseModel):
    """Something that happened in a workspace. A subclass is an event type and names itself::

        class CsvImportConfirmed(UserEvent, name="import/csv.confirmed"):
            import_id: str

    Raises:
        TypeError: the name breaks the naming rule.
        ConfigurationError: another type has it already; the message names both places.
    """

    model_config = WIRE
    event_name: ClassVar[str] = ""
    sendable: ClassVar[bool] = True
    """False: the inbox alone records such events, and nobody may send one."""

    workspace_id: WorkspaceId = Field(description="Workspace (tenant) that it happened in.")

    def __init_subclass__(cls, *, name: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)

    @classmethod
    def __pydantic_init_subclass__(cls, *, name: str = "", **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        if not name:
            return
        if not NAME_PATTERN.match(name):
            raise TypeError(f"{cls.__name__}: {name!r} is not of the form domain/noun.verb in lower case")
        other = _registry.get(name)
        if other is not None and not is_same_definition(other, cls):
            raise ConfigurationError(
                f"two event types are named {name!r}: {place_of(other)} and {place_of(cls)}; rename one"
            )
        cls.event_name = name
        _registry[name] = cls

    @model_validator(mode="after")
    @checked_in_sql(nothing=True)
    def _refuse_what_the_inbox_cannot_hold(self) -> Self:
        try:
            check_plain(self.wire())
        except Unstorable as fault:
            raise PydanticCustomError("not_storable", "{reason}", {"reason": fault.told("")}) from None
        except (PydanticSerializationError, ValueError, RecursionError):
            return self  # whoever sends it is told the field
        return self

    def wire(self) -> dict[str, Any]:
        """The event's data as JSON-ready camelCase fields, unset optional fields left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class UserEvent(Event):
    """An event that a person caused."""

    user_id: UserId = Field(description="Person who caused it.")


def registered() -> dict[str, type[Event]]:
    """Every event type that has been imported, by name."""
    return dict(_registry)
