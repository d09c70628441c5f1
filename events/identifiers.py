"""Who an event is about, and the rule for ids: workspaces and users are different types, so neither is the other.

A type checker refuses ``UserId`` where ``WorkspaceId`` is wanted; so does validation at run time. Plain strings come
from the wire only, where JSON has no other type.

An id becomes a part of Prefect's tags and resources, of blob keys, links, file names and commands. So it has no
character that one of these takes for its own, and one spelling. Who sends an event is told so before it is accepted.
What was accepted before there was this rule is read as it is, by :meth:`WorkspaceId.stored`, and runs to its end.
"""

import re
import unicodedata
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from groundwork.events.checked_in_sql import checked_in_sql

LONGEST = 128
"""Characters of an id."""
RULE = (
    f"an id has 1 to {LONGEST} letters, digits or characters of - _ . : @ | + = ~ , ' with single spaces between them, "
    "and no dot at its ends or beside another"
)
STORED = {"groundwork.stored": True}
"""Validation context of what the inbox has: the ids in it were accepted once, by whatever rule there was."""

_SIGNS = "-_.:@|+=~,'"
_USUAL = re.compile(rf"[A-Za-z0-9{re.escape(_SIGNS)}]{{1,{LONGEST}}}")
_PATTERN = r"^[^\s\x00-\x1f!-&(-*/;<>?\[-^`{}\x7f]+( [^\s\x00-\x1f!-&(-*/;<>?\[-^`{}\x7f]+)*$"
"""The rule as far as a JSON Schema can say it; letters of other scripts are looked at when the event is accepted."""


def fault_of(value: str) -> str | None:
    """What is wrong with an id, in words; None for one that keeps the rule."""
    if _USUAL.fullmatch(value) and "." not in (value[0], value[-1]) and ".." not in value:
        return None
    if not value:
        return "it is empty"
    if len(value) > LONGEST:
        return f"it has {len(value):,} characters"
    for place, character in enumerate(value):
        if not may_be_in_ids(character):
            return f"character {place + 1} is {_named(character)}"
    if " " in (value[0], value[-1]) or "  " in value:
        return "a space is at its ends, or beside another"
    if "." in (value[0], value[-1]) or ".." in value:
        return "a dot is at its ends, or beside another"
    if not unicodedata.is_normalized("NFC", value):
        return "its accents are written apart from their letters: send it in Unicode's normal form C"
    return None


def workspace_tag(workspace_id: str) -> str:
    """The tag that a workspace's runs and provider steps carry in Prefect: ``workspace:<id>``.

    Prefect refuses some characters in the name of a limit, which ids from before the rule may have.
    """
    return f"workspace:{in_names(workspace_id)}"


def in_names(value: str) -> str:
    """An id as a part of names and keys: itself, if it keeps the rule. Of one from before it, a character that may not
    be in an id is written as ``*`` and its number, which no other id has."""
    return "".join(each if may_be_in_ids(each) else f"*{ord(each):X}*" for each in value)


class _Identifier(str):
    """An id that keeps the rule, and knows what it identifies."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, _Identifier):
            raise TypeError(f"{value!r} is a {type(value).__name__}; a {cls.__name__} is wanted")
        if fault := fault_of(value):
            raise ValueError(f"{shown(value)} is no {cls.__name__}: {fault}; {RULE}")
        return super().__new__(cls, value)

    @classmethod
    def stored(cls, value: str) -> Self:
        """An id that a database has had, also one from before the rule.

        Raises:
            TypeError: it is that of something else.
        """
        if isinstance(value, _Identifier):
            return cls(value)
        return str.__new__(cls, value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).stored, (str(self),)

    @classmethod
    @checked_in_sql(id=True)
    def _validate(cls, value: Any, info: ValidationInfo) -> Self:
        if not isinstance(value, str):
            raise PydanticCustomError("string_type", "Input should be a valid string")
        try:
            return cls.stored(value) if is_stored(info) else cls(value)
        except (TypeError, ValueError) as error:
            raise PydanticCustomError("wrong_identifier", "{reason}", {"reason": str(error)}) from None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            cls._validate, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": _PATTERN, "title": cls.__name__}


class WorkspaceId(_Identifier):
    """A tenant."""

    __slots__ = ()


class UserId(_Identifier):
    """A person."""

    __slots__ = ()


@checked_in_sql(id=True)
def _checked(value: str, info: ValidationInfo) -> str:
    if not is_stored(info) and (fault := fault_of(value)):
        raise PydanticCustomError(
            "wrong_identifier", "{reason}", {"reason": f"{shown(value)} is no id: {fault}; {RULE}"}
        )
    return value


RecordId = Annotated[
    str,
    Field(json_schema_extra={"minLength": 1, "maxLength": LONGEST, "pattern": _PATTERN}),
    AfterValidator(_checked),
]
"""The id of a record of an application, such as an import, as a field of an event: plain text that keeps the rule."""


def is_stored(info: ValidationInfo) -> bool:
    """Whether what is validated was accepted already."""
    return isinstance(info.context, dict) and STORED.items() <= info.context.items()


def shown(value: str) -> str:
    """An id in a message."""
    return repr(value) if len(value) <= LONGEST else f"{value[:40]!r}…"


def may_be_in_ids(character: str) -> bool:
    return character in f"{_SIGNS} " or unicodedata.category(character)[0] in "LMN"


def _named(character: str) -> str:
    if character.isprintable():
        return repr(character)
    return f"U+{ord(character):04X}, {unicodedata.name(character, 'which does not print')}"
