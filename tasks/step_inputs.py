"""What a step is asked to do, as text that is the same in every process: two calls with one text are one piece of work.

Text of other kinds is told apart (1, 1.0 and True; Path("a") and "a"; two models with the same fields), order that says
nothing is not (sets, dictionaries), and nothing depends on the hash seed. What pydantic leaves out of JSON is in it.
"""

import dataclasses
import hashlib
import json
import types
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from pathlib import PurePath
from typing import Any
from uuid import UUID

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

from groundwork.blocks.errors import ConfigurationError
from groundwork.tasks.step_identity import module_of

_PLAIN = frozenset({str, int, float, bool, types.NoneType})
_SCALARS = (str, int, float, bool, types.NoneType, UUID, date, time, timedelta, Decimal, PurePath, Enum)


def inputs_text(step: str, inputs: Mapping[str, Any]) -> str:
    """The text of what identifies a call.

    Args:
        step: its name, for the message.
        inputs: values by the names of parameters, or of their attributes.

    Raises:
        ConfigurationError: a value cannot be part of a key; the message names its parameter.
    """
    return _text({name: _checked(step, name, value) for name, value in inputs.items()})


def ledger_key(step: str, inputs: Mapping[str, Any]) -> str:
    """What the ledger has as the key of a call: one value as its text, several as a list in JSON.

    Raises:
        ConfigurationError: see :func:`inputs_text`.
    """
    values = []
    for name, value in inputs.items():
        plain = _checked(step, name, value)
        values.append(to_jsonable_python(value) if isinstance(value, _SCALARS) else plain)
    return _key_of(values)


def old_digest(inputs: Mapping[str, Any]) -> str | None:
    """The digest that releases before made of a call's inputs; None for what they refused."""
    try:
        return hashlib.sha256(to_json(dict(inputs))).hexdigest()
    except (PydanticSerializationError, UnicodeError, ValueError):
        return None


def old_ledger_key(inputs: Mapping[str, Any]) -> str | None:
    """The ledger key that releases before made of a call's inputs; None for what they refused."""
    try:
        return _key_of([to_jsonable_python(each) for each in inputs.values()])
    except (PydanticSerializationError, UnicodeError, ValueError):
        return None


def _key_of(values: list[Any]) -> str:
    match values:
        case [] | [None]:
            return ""
        case [str(text)]:
            return text
        case [value]:
            return json.dumps(value, sort_keys=True)
    return json.dumps(values, sort_keys=True)


def _checked(step: str, name: str, value: Any) -> Any:
    try:
        plain = _plain(value)
        _text(plain)
    except (_Unclear, PydanticSerializationError, ValueError, TypeError, RecursionError, AttributeError) as error:
        reason = str(error) if isinstance(error, _Unclear) else f"{type(error).__name__}: {error}"
        raise ConfigurationError(
            f"step {step}: its parameters cannot all be part of its key: {name} cannot ({reason}). "
            "Name those that identify its work: @step(key=(…))."
        ) from None
    return plain


class _Unclear(Exception):
    """A value that has no text of its own."""


def _text(plain: Any) -> str:
    return json.dumps(plain, separators=(",", ":"), sort_keys=True)


def _plain(value: Any) -> Any:
    """A value as JSON in which every object says of which kind it is."""
    kind: Any = type(value)
    if kind in _PLAIN:
        return value
    if kind is list or kind is tuple:
        return value if set(map(type, value)) <= _PLAIN else [_plain(each) for each in value]
    return _form_of(kind)(value)


@lru_cache(maxsize=1_000)
def _form_of(kind: type) -> Callable[[Any], Any]:
    """What makes plain values of those of a kind."""
    if issubclass(kind, Mapping):
        return _mapping
    for kinds, form in _FORMS:
        if issubclass(kind, kinds):
            return form
    if dataclasses.is_dataclass(kind):
        names = [each.name for each in dataclasses.fields(kind)]
        return lambda value: _tagged(value, {name: _plain(getattr(value, name)) for name in names})
    return _other


def _other(value: Any) -> Any:
    kind = type(value)
    if kind.__module__ == "numpy" and getattr(value, "ndim", None) == 0 and type(value.item()) in _PLAIN:
        return value.item()
    if isinstance(value, Iterator | type) or callable(value):
        raise _Unclear(f"a {kind.__name__} is no value")
    try:
        return _tagged(value, to_jsonable_python(value, fallback=_refuse))
    except PydanticSerializationError as error:
        raise error.__context__ if isinstance(error.__context__, _Unclear) else _Unclear(str(error)) from None


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    if all(isinstance(key, str) and not isinstance(key, Enum) for key in value):
        return {"dict": {str.__str__(key): _plain(item) for key, item in value.items()}}
    return {"pairs": sorted(([_plain(key), _plain(item)] for key, item in value.items()), key=_text)}


def _sequence(value: Sequence[Any]) -> Any:
    plain = [_plain(each) for each in value]
    return _tagged(value, plain) if hasattr(value, "_fields") else plain


def _model(value: BaseModel) -> Any:
    # Excluded fields too: what is left out of an answer still says what there is to do.
    held, extra = value.__dict__, value.__pydantic_extra__
    plain = {name: _plain(held.get(name)) for name in type(value).model_fields}
    return _tagged(value, plain | {name: _plain(each) for name, each in extra.items()} if extra else plain)


def _secret(value: Any) -> Any:
    raise _Unclear(f"a {type(value).__name__} would stand in the key, or be taken for every other one")


_FORMS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (Enum, lambda value: _tagged(value, _plain(value.value))),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (list | tuple | deque, _sequence),
    (Set, lambda value: {"set": sorted((_plain(each) for each in value), key=_text)}),
    (bytes | bytearray | memoryview, lambda value: {"bytes": bytes(value).hex()}),
    (datetime, lambda value: {"datetime": value.isoformat()}),
    (date, lambda value: {"date": value.isoformat()}),
    (time, lambda value: {"time": value.isoformat()}),
    (timedelta, lambda value: {"timedelta": [value.days, value.seconds, value.microseconds]}),
    (Decimal | Fraction | complex, lambda value: {"number": [type(value).__name__, str(value)]}),
    (UUID, lambda value: {"uuid": str(value)}),
    (PurePath, lambda value: {"path": str(value)}),
    (range, lambda value: {"range": [value.start, value.stop, value.step]}),
    (SecretStr | SecretBytes, _secret),
    (BaseModel, _model),
)
"""What becomes of each kind, the narrower before the wider."""


def _tagged(value: Any, plain: Any) -> dict[str, Any]:
    kind: Any = type(value)
    return {_name_of(kind): plain}


@lru_cache(maxsize=1_000)
def _name_of(kind: type) -> str:
    return f"{module_of(kind)}.{kind.__qualname__}"


def _refuse(value: Any) -> Any:
    raise _Unclear(f"a {type(value).__name__} has no text that says what it is")
