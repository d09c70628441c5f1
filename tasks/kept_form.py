"""Values as JSON that says what they were where JSON has no such kind: a tuple, a set, bytes, a date, keys of numbers.

It is data only: what a text names is looked up in a fixed table, never imported. A class of anybody's own has no place
in it. The return annotation of a step says what that is.
"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from operator import is_
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import NoneType
from typing import Annotated, Any
from uuid import UUID

from pydantic import AllowInfNan, TypeAdapter

from groundwork.tasks.kept_tables import NoTable, frame_of, table_form, table_of

_TAG = "$groundwork"
"""Key of an object that stands for a value which JSON does not know."""
_PLAIN = frozenset({str, int, float, bool, NoneType})
_BY_TEXT: dict[type, TypeAdapter[Any]] = {
    **{each: TypeAdapter(each) for each in (datetime, date, time, timedelta, UUID)},
    Decimal: TypeAdapter(Annotated[Decimal, AllowInfNan(True)]),  # PostgreSQL's numeric has NaN and infinity too
}
"""Types of the standard library whose text says all of them."""
_PATHS: tuple[type, ...] = (Path, PurePosixPath, PureWindowsPath)
_MAKERS: dict[str, Callable[[Any], Any]] = {
    **{kind.__name__: adapter.validate_python for kind, adapter in _BY_TEXT.items()},
    **{kind.__name__: kind for kind in (tuple, set, frozenset, dict, *_PATHS)},
    "bytes": base64.b64decode,
    "complex": lambda parts: complex(*parts),
    "Table": table_of,
    "DataFrame": frame_of,
}


class NotKept(TypeError):
    """There is no such form of a value."""


def form_of(value: Any) -> Any:
    """A value as JSON, from which :func:`value_of` makes an equal one; the value itself where it is JSON already.

    Numbers and texts of kinds of their own (of numpy, of an enumeration) become Python's own, and so do dictionaries.

    Raises:
        NotKept: it holds something that has no such form; the message says what.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is list:
        return _list_form(value)
    if isinstance(value, dict):
        return _dict_form(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int | float):
        return int(value) if isinstance(value, int) else float(value)
    if kind in (tuple, set, frozenset):
        return _tagged(kind, _list_form(list(value)))
    if kind in _BY_TEXT:
        return _tagged(kind, _BY_TEXT[kind].dump_python(value, mode="json"))
    if kind is bytes:
        return _tagged(bytes, base64.b64encode(value).decode())
    if kind is complex:
        return _tagged(complex, [value.real, value.imag])
    for path in _PATHS:
        if kind is path or isinstance(value, Path):
            return _tagged(path, str(value))
    if kind.__module__ == "numpy" and getattr(value, "ndim", None) == 0 and type(value.item()) in _PLAIN:
        return value.item()
    try:
        table = table_form(value)
    except NoTable as error:
        raise NotKept(str(error)) from None
    if table is None:
        raise NotKept(f"a {kind.__name__}")
    return _tagged(kind, table)


def value_of(text: bytes | str) -> Any:
    """The value of a form, from its text.

    Raises:
        ValueError: this is no JSON.
    """
    return json.loads(text, object_hook=_made)


def has_tags(text: bytes | str) -> bool:
    """Whether a text may hold what JSON does not know, so that only :func:`value_of` may read it."""
    return (_TAG.encode() if isinstance(text, bytes) else _TAG) in text  # type: ignore[operator]


def is_alike(back: Any, value: Any) -> bool:
    """Whether a value has come back as what it was: equal, and of the same kind down to its parts."""
    kind: Any = type(value)
    if kind in _PLAIN:
        return bool(back == value) or (kind is float and value != value and isinstance(back, float) and back != back)
    if isinstance(value, list | tuple):
        return type(back) is kind and len(back) == len(value) and all(map(is_alike, back, value))
    if isinstance(value, dict):
        return isinstance(back, dict) and back.keys() == value.keys() and all(is_alike(back[k], value[k]) for k in back)
    if (names := _fields_of(kind)) is not None:
        return (
            type(back) is kind
            and all(is_alike(getattr(back, name, None), getattr(value, name, None)) for name in names)
            and is_alike(_more_of(back), _more_of(value))
        )
    if isinstance(value, str | int | float):
        return bool(back == value)
    return isinstance(value, type(back)) and bool(back == value)


@lru_cache(maxsize=1_000)
def _fields_of(kind: type) -> list[str] | None:
    """The fields of a model or a dataclass; None for anything else."""
    fields = getattr(kind, "model_fields", None) or getattr(kind, "__dataclass_fields__", None)
    return None if fields is None else [*fields]


def _more_of(value: Any) -> list[Any]:
    """What a model holds beside its fields."""
    return [getattr(value, each, None) or {} for each in ("__pydantic_extra__", "__pydantic_private__")]


def _tagged(kind: type, form: Any) -> dict[str, Any]:
    return {_TAG: kind.__name__, "value": form}


def _list_form(value: list[Any]) -> list[Any]:
    # Most lists hold plain values only, and are looked through without a line of Python for each.
    if set(map(type, value)) <= _PLAIN:
        return value
    forms = [form_of(each) for each in value]
    return value if all(map(is_, forms, value)) else forms


def _dict_form(value: Mapping[Any, Any]) -> Any:
    if _TAG in value or not all(isinstance(key, str) for key in value):
        return _tagged(dict, [[form_of(key), form_of(each)] for key, each in value.items()])
    forms = {str.__str__(key): form_of(each) for key, each in value.items()}
    is_json = type(value) is dict and set(map(type, value)) <= {str} and all(map(is_, forms.values(), value.values()))
    return value if is_json else forms


def _made(found: dict[str, Any]) -> Any:
    if found.keys() != {_TAG, "value"} or not isinstance(found[_TAG], str):
        return found
    make = _MAKERS.get(found[_TAG])
    return found if make is None else make(found["value"])
