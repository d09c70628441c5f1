"""Who an event is about: workspaces and users are different types, so neither passes for the other.

A type checker refuses ``UserId`` where ``WorkspaceId`` is wanted; so does validation at run time. Plain strings come
from the wire only, where JSON has no other type.
"""

from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_LONGEST = 128


class _Identifier(str):
    """A non-empty string of at most 128 printable characters that knows what it identifies."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if isinstance(value, _Identifier) and not isinstance(value, cls):
            raise TypeError(f"{value!r} is a {type(value).__name__}; a {cls.__name__} is wanted")
        if not 0 < len(value) <= _LONGEST or not value.isprintable() or value != value.strip():
            raise ValueError(f"a {cls.__name__} has 1 to {_LONGEST} printable characters and no space at its ends")
        return super().__new__(cls, value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    @classmethod
    def _validate(cls, value: Any) -> Self:
        if not isinstance(value, str):
            raise PydanticCustomError("string_type", "Input should be a valid string")
        try:
            return cls(value)
        except TypeError as error:
            raise PydanticCustomError("wrong_identifier", "{reason}", {"reason": str(error)}) from None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "type": "string", "minLength": 1, "maxLength": _LONGEST, "pattern": r"^\S(.*\S)?$", "title": cls.__name__,
        }  # fmt: skip


class WorkspaceId(_Identifier):
    """A tenant."""

    __slots__ = ()


class UserId(_Identifier):
    """A person."""

    __slots__ = ()
