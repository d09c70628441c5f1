"""An example of each event's data, for those who read the catalogue: what may be sent as it is."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from groundwork.blocks.process_cache import process_cache
from groundwork.events.base import Event

_Schema = Mapping[str, Any]
_FORMATS = {
    "date-time": "2026-03-02T09:00:00Z",
    "date": "2026-03-02",
    "time": "09:00:00",
    "uuid": "0199c1d2-0000-7000-8000-000000000001",
    "email": "bob@example.com",
    "uri": "https://example.com/",
}
_NAMED = {"workspaceId": "acme", "userId": "bob"}
_TEXTS = ("text", "crm", "2026-W10", "bob@example.com", "workspaces/acme/file.csv", "https://example.com/", "1")
"""Tried in this order where a type says no more of a text than a pattern, or judges it in Python."""
_MOST_TRIES = 50


@process_cache
def example_of(event_type: type[Event]) -> dict[str, Any] | None:
    """Data that the type takes: its required fields, with the first of ``Field(examples=…)`` where there are some.

    Returns:
        A JSON-ready object; None where none was found, since what a field may hold is known to its validator only.
    """
    root = event_type.model_json_schema()
    maker = _Maker(root.get("$defs", {}))
    chosen: dict[tuple[Any, ...], int] = {}
    for _ in range(_MOST_TRIES):
        data = maker.of(root, (), chosen)
        try:
            event_type.model_validate(data, by_alias=True, by_name=False)
        except ValidationError as error:
            place = error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"]
            if place not in maker.texts:
                return None
            chosen[place] = chosen.get(place, 0) + 1
        except Exception:  # a validator that does not expect what was made up
            return None
        else:
            return data if isinstance(data, dict) else None
    return None


class _Maker:
    """Values by a schema, with another text in a place where one did not do."""

    def __init__(self, definitions: Mapping[str, _Schema]) -> None:
        self._definitions = definitions
        self.texts: set[tuple[Any, ...]] = set()

    def of(self, schema: _Schema, path: tuple[Any, ...], chosen: Mapping[tuple[Any, ...], int]) -> Any:
        """A value for a place."""
        if len(path) > 10:  # made of itself
            return None
        if "$ref" in schema:
            rest = {key: each for key, each in schema.items() if key != "$ref"}
            schema = {**self._definitions[schema["$ref"].rpartition("/")[2]], **rest}
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return self.of(schema[key][0], path, chosen)
        if schema.get("examples"):
            return schema["examples"][0]
        if "const" in schema or schema.get("enum"):
            return schema.get("const", schema.get("enum", [None])[0])
        return self._kind(schema, path, chosen)

    def _kind(self, schema: _Schema, path: tuple[Any, ...], chosen: Mapping[tuple[Any, ...], int]) -> Any:
        match schema.get("type"):
            case "object":
                required = schema.get("required", ())
                return {name: self.of(schema["properties"][name], (*path, name), chosen) for name in required}
            case "array":
                places = schema.get("prefixItems") or [schema.get("items", {})] * schema.get("minItems", 0)
                return [self.of(each, (*path, index), chosen) for index, each in enumerate(places)]
            case "string":
                self.texts.add(path)
                texts = list(_texts(schema, str(path[-1]) if path else ""))
                return texts[min(chosen.get(path, 0), len(texts) - 1)]
            case "integer" | "number":
                return schema.get("minimum", schema.get("maximum", 1))
            case "boolean":
                return True
        return None


def _texts(schema: _Schema, name: str) -> Iterator[str]:
    """Texts that may do, the likeliest first."""
    if known := _NAMED.get(name):
        yield known
    if known := _FORMATS.get(schema.get("format", "")):
        yield known
    words = re.sub(r"([A-Z])", r"-\1", name).lower()
    if words.endswith("-id"):
        yield f"{words.removesuffix('-id')}-1"
    yield words[: schema.get("maxLength", 60)]
    yield from _TEXTS
