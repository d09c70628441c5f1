"""Find a value in JSON by a path such as ``data.items.0.id``."""

from collections.abc import Mapping
from typing import Any


def at_path(value: Any, path: str) -> Any:
    """What stands at a path; None where nothing does."""
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isascii() and part.isdigit() and int(part[:6]) < len(value):
            value = value[int(part[:6])]
        else:
            return None
    return value
