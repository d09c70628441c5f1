"""An event that fits its type, for a test and for trying a job out."""

from typing import Any

from pydantic import ValidationError

from groundwork.events.base import Event

_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00",
    "duration": "PT1H",
    "email": "ada@example.com",
    "uri": "https://example.com/",
    "uuid": "0199f0c2-7c1e-7d4a-a5d1-3f0c8a6d2b11",
}
_IDENTIFIERS = {"WorkspaceId": "acme", "UserId": "ada"}
_DEEPEST = 8
"""A model that contains itself would have no end."""


def sample_event(on: type[Event]) -> dict[str, Any] | None:
    """Data of an event in its wire form: its required fields. None where no values can be found that fit.

    Patterns and validators of a type's own cannot be guessed.
    """
    schema = on.model_json_schema(by_alias=True)
    try:
        event = on.model_validate(_value(schema, schema.get("$defs", {}), 0))
    except (ValidationError, _NoValue):
        return None
    return event.wire()


class _NoValue(Exception):
    """The schema says nothing that a value could be made of."""


def _value(schema: dict[str, Any], definitions: dict[str, Any], depth: int) -> Any:
    if depth > _DEEPEST:
        raise _NoValue
    if "$ref" in schema:
        return _value(definitions[schema["$ref"].rpartition("/")[2]], definitions, depth + 1)
    if schema.get("title") in _IDENTIFIERS:
        return _IDENTIFIERS[schema["title"]]
    for simple in ("const", "default"):
        if simple in schema:
            return schema[simple]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _value(schema[choice][0], definitions, depth + 1)
    return _of_type(schema, definitions, depth)


def _of_type(schema: dict[str, Any], definitions: dict[str, Any], depth: int) -> Any:
    match schema.get("type"):
        case "string":
            text = _FORMATS.get(schema.get("format", ""), "example")
            return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", len(text) + 1000)]
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
        case "array":
            return [_value(schema["items"], definitions, depth + 1) for _ in range(schema.get("minItems", 0))]
        case "object":
            fields = schema.get("properties", {})
            return {name: _value(fields[name], definitions, depth + 1) for name in schema.get("required", [])}
    raise _NoValue
