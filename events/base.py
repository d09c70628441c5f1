"""The base of every event type: immutable, camelCase on the wire, unknown fields refused."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError, PydanticSerializationError

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.place import is_same_definition, place_of
from groundwork.blocks.storable import Unstorable, check_plain
from groundwork.blocks.workspace_path import WORKSPACE_PATTERN
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

LONGEST_NAME = 255
"""Characters of a name that a sender writes: an alias, or of an event whose type is not known yet."""
_registry: dict[str, type["Event"]] = {}
_aliases: dict[str, type["Event"]] = {}


class Event(BaseModel):
    """Something that happened in a workspace. A subclass is an event type and names itself::

        class CsvImportConfirmed(UserEvent, name="import/csv.confirmed"):
            import_id: str

    What senders call it otherwise is told by ``alias``, one name or several, which are under no rule. It is stored,
    and listened to, under its own name. Where senders with an Inngest client say its workspace, if not in
    ``data.workspaceId``, is told by ``workspace_from`` (``docs/inngest-clients.md``)::

        class UserCreated(Event, name="app/user.created", alias="USER_CREATED", workspace_from="data.orgId"):
            email: str

    Raises:
        TypeError: the name breaks the naming rule; an alias or ``workspace_from`` is none.
        ConfigurationError: another type has the name or an alias already; the message names both places.
    """

    model_config = WIRE
    event_name: ClassVar[str] = ""
    aliases: ClassVar[tuple[str, ...]] = ()
    workspace_from: ClassVar[str] = ""
    sendable: ClassVar[bool] = True
    """False: the inbox alone records such events, and nobody may send one."""

    workspace_id: WorkspaceId = Field(description="Workspace (tenant) that it happened in.")

    def __init_subclass__(
        cls, *, name: str = "", alias: str | Sequence[str] = (), workspace_from: str = "", **options: Any
    ) -> None:
        super().__init_subclass__(**options)

    @classmethod
    def __pydantic_init_subclass__(
        cls, *, name: str = "", alias: str | Sequence[str] = (), workspace_from: str = "", **options: Any
    ) -> None:
        super().__pydantic_init_subclass__(**options)
        cls.aliases = (alias,) if isinstance(alias, str) else tuple(alias)
        if workspace_from:
            if not re.match(WORKSPACE_PATTERN, workspace_from):
                raise TypeError(f"{cls.__name__}: workspace_from={workspace_from!r} is no path like data.orgId")
            cls.workspace_from = workspace_from
        if not name:
            if cls.aliases:
                raise TypeError(f"{cls.__name__} has an alias and no name")
            return
        if not NAME_PATTERN.match(name):
            raise TypeError(
                f"{cls.__name__}: {name!r} is not of the form domain/noun.verb in lower case; what senders call it "
                "otherwise is its alias"
            )
        for each in cls.aliases:
            if fault := fault_of_name(each):
                raise TypeError(f"{cls.__name__}: the alias {each!r} {fault}")
        for each in (name, *cls.aliases):
            for known in (_registry, _aliases):
                other = known.get(each)
                if other is not None and not is_same_definition(other, cls):
                    raise ConfigurationError(
                        f"two event types are named {each!r}: {place_of(other)} and {place_of(cls)}; rename one"
                    )
        cls.event_name = name
        _registry[name] = cls
        for each in [known for known, other in _aliases.items() if is_same_definition(other, cls)]:
            del _aliases[each]  # of its definition before it was loaded again
        _aliases.update(dict.fromkeys(cls.aliases, cls))

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


def registered_aliases() -> dict[str, type[Event]]:
    """Every event type that has been imported and has an alias, by alias."""
    return dict(_aliases)


def fault_of_name(name: str) -> str | None:
    """Why an event cannot go by a name that a sender chose, such as ``is empty``; None where it can."""
    if not name:
        return "is empty"
    if len(name) > LONGEST_NAME:
        return f"has {len(name):,} characters; {LONGEST_NAME} are the most"
    if not name.isprintable():
        return "has characters that do not print"
    if name.lower().startswith("inngest/"):
        return "is reserved: names that begin with inngest/ are Inngest's own"
    return None
