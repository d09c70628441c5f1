"""The catalogue as types of TypeScript, as Inngest's ``EventSchemas().fromRecord<GroundworkEvents>()`` takes them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from groundwork.events.base import Event

_Schema = Mapping[str, Any]
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_SCALARS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}

_HEAD = """// The events of this project, as `groundwork catalogue --typescript` writes them. Not to be edited.
"""
_TAIL = """
export type EventName = keyof GroundworkEvents;

/** An event as POST /events and groundwork.send_many take it. */
export type GroundworkEvent = {
  [Name in EventName]: { name: Name; data: GroundworkEvents[Name]["data"]; id?: string; ts?: number };
}[EventName];
"""


def typescript(types: Iterable[type[Event]]) -> str:
    """A module of types, one entry per event.

    Patterns, lengths and limits have no type there: the gateway and SQL check them.
    """
    entries = (line for each in types for line in _entry(each))
    return _HEAD + "\n".join(["", "export type GroundworkEvents = {", *entries, "};", ""]) + _TAIL


def _entry(event_type: type[Event]) -> Iterator[str]:
    root = event_type.model_json_schema()
    yield from _comment(root.get("description"), 1)
    yield f"  {json.dumps(event_type.event_name)}: {{"
    yield f"    data: {_Types(root).of(root, 2)};"
    yield "  };"
    for alias in event_type.aliases:
        yield from _comment(f"Another name of {event_type.event_name}.", 1)
        yield f"  {json.dumps(alias)}: GroundworkEvents[{json.dumps(event_type.event_name)}];"


class _Types:
    """The types of one schema. Definitions are written out where they are used: events may have one name for two."""

    def __init__(self, root: _Schema) -> None:
        self._definitions = root.get("$defs", {})
        self._within: list[str] = []

    def of(self, schema: _Schema | bool, level: int) -> str:
        """The type of what a schema describes."""
        if isinstance(schema, bool) or not schema:
            return "unknown"
        if "$ref" in schema:
            return self._referred(schema["$ref"].rpartition("/")[2], level)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return _either(self.of(each, level) for each in schema[key])
        if "const" in schema or "enum" in schema:
            return _either(_literal(each) for each in schema.get("enum", [schema.get("const")]))
        kinds = schema.get("type", [])
        return _either(self._kind(kind, schema, level) for kind in ([kinds] if isinstance(kinds, str) else kinds))

    def _referred(self, name: str, level: int) -> str:
        if name in self._within:  # made of itself
            return "unknown"
        self._within.append(name)
        try:
            return self.of(self._definitions.get(name, True), level)
        finally:
            self._within.pop()

    def _kind(self, kind: str, schema: _Schema, level: int) -> str:
        if kind == "array":
            if "prefixItems" in schema:
                return f"[{', '.join(self.of(each, level) for each in schema['prefixItems'])}]"
            return f"Array<{self.of(schema.get('items', True), level)}>"
        if kind == "object":
            return self._object(schema, level)
        return _SCALARS.get(kind, "unknown")

    def _object(self, schema: _Schema, level: int) -> str:
        if "properties" not in schema:
            inner = self.of(schema.get("additionalProperties", True), level)
            return (
                f"Record<string, {inner}>"
                if schema.get("additionalProperties") is not False
                else "Record<string, never>"
            )
        lines = ["{"]
        for name, each in schema["properties"].items():
            key = name if _NAME.fullmatch(name) else json.dumps(name)
            mark = "" if name in schema.get("required", ()) else "?"
            lines += _comment(each.get("description"), level + 1)
            lines.append(f"{'  ' * (level + 1)}{key}{mark}: {self.of(each, level + 1)};")
        return "\n".join([*lines, f"{'  ' * level}}}"])


def _either(types: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(types)) or "unknown"


def _literal(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str | int | float | bool | None) else "unknown"


def _comment(text: str | None, level: int) -> list[str]:
    said = " ".join((text or "").split()).replace("*/", "* /")
    return [f"{'  ' * level}/** {said} */"] if said else []
