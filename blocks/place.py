"""Where something is defined, for messages about two of one name."""

import inspect
from collections.abc import Callable
from typing import Any

Definition = type | Callable[..., Any]


def place_of(definition: Definition) -> str:
    """``module.name (file)`` of a class or a function."""
    return f"{definition.__module__}.{definition.__qualname__} ({_file_of(definition) or 'no file'})"


def is_same_definition(one: Definition, other: Definition) -> bool:
    """Whether two are one definition that was loaded twice, as where Prefect loads a flow by its file's path."""
    return one.__qualname__ == other.__qualname__ and (
        one.__module__ == other.__module__ or ((file := _file_of(one)) is not None and file == _file_of(other))
    )


def _file_of(definition: Definition) -> str | None:
    try:
        return inspect.getfile(definition)
    except (TypeError, OSError):
        return None
