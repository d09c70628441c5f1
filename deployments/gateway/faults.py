"""What is wrong with the events of a request, field by field: a JSON pointer, the reason and the cure."""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, TypedDict

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from groundwork.blocks.suggestions import did_you_mean

MOST_FAULTS = 100
"""Faults of one answer. A body that is wrong throughout has thousands, which are counted and cost no more than that."""
_LONGEST_PART = 100
"""Characters of a key within a pointer; keys are the sender's and may have megabytes."""
_LONGEST_TEXT = 500
"""Characters of a pointer or a reason, which hold what was sent."""

Path = Sequence[str | int]
"""Keys and indexes from the request's body down to a value."""


class Fault(TypedDict):
    """One fault. ``pointer`` is a JSON pointer (RFC 6901) into the request's body; what is too long ends with ``…``."""

    pointer: str
    reason: str
    cure: str


def pointer(path: Path) -> str:
    """A JSON pointer; a key that is too long is cut, and so is a path that is too deep."""
    parts = ("/" + shortened(str(part), _LONGEST_PART).replace("~", "~0").replace("/", "~1") for part in path)
    return shortened("".join(parts), _LONGEST_TEXT)


def shortened(text: str, most: int = _LONGEST_TEXT) -> str:
    """A text for an answer or a log line: what is beyond so many characters is left out, which ``…`` tells."""
    return text if len(text) <= most else text[:most] + "…"


class Faults:
    """The faults of one request: all are counted, and those are told that fit into an answer.

    Attributes:
        count: faults found.
        told: the first of them.
    """

    def __init__(self) -> None:
        self.count = 0
        self.told: list[Fault] = []

    @property
    def full(self) -> bool:
        """Whether further faults are only counted, so that nothing need be made for them."""
        return len(self.told) >= MOST_FAULTS

    def add(self, path: Path, reason: str, cure: str) -> None:
        """Add one fault."""
        self.count += 1
        if not self.full:
            self.told.append(Fault(pointer=pointer(path), reason=shortened(reason), cure=cure))

    def add_validation(self, error: ValidationError, model: type[BaseModel], value: Any, path: Path) -> None:
        """Add what Pydantic found.

        Args:
            model: what the value was validated as.
            value: as JSON gave it.
            path: of the value.
        """
        self.count += error.error_count()
        if self.full:
            return
        for detail in error.errors(include_url=False, include_context=False, include_input=False):
            if self.full:
                break
            parts = list(_parts(detail, value))
            reason = shortened(detail["msg"].removeprefix("Value error, "))
            cure = _cure(detail["type"], model, parts)
            self.told.append(Fault(pointer=pointer([*path, *parts]), reason=reason, cure=cure))

    def summary(self) -> str:
        """How many there are, and how many of them are listed."""
        faults = "1 fault" if self.count == 1 else f"{self.count} faults"
        return f"{faults}; the first {MOST_FAULTS} are listed" if self.count > len(self.told) else faults


def _parts(detail: ErrorDetails, value: Any) -> Iterator[str | int]:
    """The error's path without Pydantic's own marks, such as the branch of a union."""
    for part in detail["loc"]:
        if _contains(value, part):
            value = value[part]
        elif detail["type"] != "missing" or part != detail["loc"][-1]:
            continue
        yield part


def _contains(value: Any, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value


def _cure(kind: str, model: type[BaseModel], parts: list[str | int]) -> str:
    root = _schema(model)
    if kind == "extra_forbidden":
        fields = _find(root, parts[:-1]).get("properties", {})
        return f"Leave it out{did_you_mean(str(parts[-1]), fields)}"
    verb = "Add it" if kind == "missing" else "Send what its schema says"
    schema = {key: each for key, each in _find(root, parts).items() if key not in ("title", "description", "default")}
    return f"{verb}: {json.dumps(schema)}" if schema else f"{verb}; GET /catalogue has it."


@lru_cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _find(root: dict[str, Any], parts: list[str | int]) -> dict[str, Any]:
    """The part of a JSON Schema that describes a path; empty where the schema leaves it open."""
    node = _resolved(root, root)
    for part in parts:
        child = node.get("items") if isinstance(part, int) else node.get("properties", {}).get(part)
        node = _resolved(root, child) if isinstance(child, dict) else {}
    return node


def _resolved(root: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The node behind a reference, or behind ``X or null``."""
    for branch in node.get("anyOf", ()):
        if branch.get("type") != "null":
            return _resolved(root, branch)
    if "$ref" in node:
        return _resolved(root, root["$defs"][node["$ref"].rpartition("/")[2]])
    return node
