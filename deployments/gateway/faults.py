"""What is wrong with an event, field by field: a JSON pointer, the reason and the cure."""

import json
from collections.abc import Iterator
from functools import lru_cache
from math import isfinite
from typing import Any, TypedDict

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from events.catalogue import did_you_mean

FORBIDDEN_KEY = "__prefect_kind"
"""Prefect renders an object with this key as a template wherever it is a run parameter: an injection."""


class Fault(TypedDict):
    """One fault. ``pointer`` is a JSON pointer (RFC 6901) into the request's body."""

    pointer: str
    reason: str
    cure: str


def pointer(*parts: str | int) -> str:
    """A JSON pointer of its unescaped parts."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def forbidden_values(value: Any, at: str) -> Iterator[Fault]:
    """What no event may contain at any depth: keys that Prefect would run, and values that PostgreSQL cannot store."""
    rest = [(at, value)]
    while rest:
        here, value = rest.pop()
        if isinstance(value, dict):
            for key, child in value.items():
                below = here + pointer(key)
                if key == FORBIDDEN_KEY:
                    yield Fault(pointer=below, reason=f"the key {key!r} is reserved", cure="Rename the key.")
                if "\0" in key:
                    yield _no_nul(below)
                rest.append((below, child))
        elif isinstance(value, list):
            rest.extend((f"{here}/{index}", child) for index, child in enumerate(value))
        elif isinstance(value, str):
            if "\0" in value:
                yield _no_nul(here)
        elif isinstance(value, float) and not isfinite(value):
            yield Fault(pointer=here, reason="the number is too large for a double", cure="Send it as a string.")


def _no_nul(at: str) -> Fault:
    return Fault(pointer=at, reason="a NUL character (\\u0000) cannot be stored", cure="Remove the character.")


def validation_faults(error: ValidationError, model: type[BaseModel], value: Any, at: str) -> Iterator[Fault]:
    """The faults that Pydantic found.

    Args:
        model: what the value was validated as.
        value: as JSON gave it.
        at: JSON pointer of the value.
    """
    for detail in error.errors(include_url=False, include_context=False):
        parts = list(_parts(detail, value))
        reason = detail["msg"].removeprefix("Value error, ")
        yield Fault(pointer=at + pointer(*parts), reason=reason, cure=_cure(detail["type"], model, parts))


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
