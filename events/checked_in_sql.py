"""What a validator in Python says, told to SQL: the mark of validators whose rule the database can check as well."""

from collections.abc import Callable
from typing import Any, TypedDict, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])
_MARK = "__groundwork_sql__"


class SqlRule(TypedDict, total=False):
    """What SQL checks in place of a validator, of values that are not null. All of what is given must hold.

    Attributes:
        id: the rule for ids.
        pattern: of a text.
        values: pattern of each text that a dictionary has as a value.
        least: items that a list has at least.
        unique: whether the items of a list differ.
        most_json: characters of the value as JSON.
        nothing: the database cannot hold what the validator refuses, so there is nothing to check.
    """

    id: bool
    pattern: str
    values: str
    least: int
    unique: bool
    most_json: int
    nothing: bool


def checked_in_sql(**rule: Any) -> Callable[[_F], _F]:
    """Mark a validator whose rule ``groundwork.send`` can check. Below ``@classmethod``, where there is one::

        @field_validator("delimiter")
        @classmethod
        @checked_in_sql(pattern="^[,;|]$")
        def _one_character(cls, delimiter: str | None) -> str | None: …

    A field with a validator that is not marked cannot be given by SQL.

    Args:
        rule: fields of :class:`SqlRule`. It may refuse more than the validator, and must not accept what that refuses.
            The validator must let null pass, and must not change what it is given.

    Raises:
        TypeError: there is no such rule.
    """
    if unknown := rule.keys() - SqlRule.__annotations__.keys():
        raise TypeError(f"checked_in_sql() has no rule {', '.join(sorted(unknown))}")

    def mark(validator: _F) -> _F:
        setattr(validator, _MARK, SqlRule(**rule))  # type: ignore[typeddict-item]
        return validator

    return mark


def rule_of(validator: object) -> SqlRule | None:
    """What SQL checks in place of a validator; None where it cannot."""
    return getattr(validator, _MARK, None)
