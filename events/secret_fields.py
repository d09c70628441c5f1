"""Fields of an event that nobody is shown: an event type marks them as ``secret``.

::

    token: str = Field(json_schema_extra={"secret": True}, description="What the provider gave us.")

The mark stands in the type's JSON Schema, so that whoever reads the catalogue sees it too.
"""

from collections.abc import Iterator
from typing import Any

from groundwork.blocks.errors import UnknownName
from groundwork.blocks.process_cache import process_cache
from groundwork.events.base import registered
from groundwork.events.catalogue import event_type
from groundwork.events.failed import PREFIX, name_of_failure

MASK = "(secret)"
"""Stands where a value is not shown."""
UNKNOWN = "(not shown: this gateway has no event type of the name, so that it is not known what is secret)"

_Schema = dict[str, Any]


def without_secrets(name: str, data: Any) -> Any:
    """The data of an event with every secret value masked, as far as its type says what is secret.

    Args:
        name: of the event.
        data: as the inbox has it.

    Returns:
        :data:`UNKNOWN` where there is no such type.
    """
    if name.startswith(PREFIX) and isinstance(data, dict):
        failed = _failed_event(name)
        return {
            key: (without_secrets(failed, each) if failed else UNKNOWN) if key == "data" else each
            for key, each in data.items()
        }
    schema = _schema(name)
    if schema is None:
        return UNKNOWN
    return _masked(data, schema, schema.get("$defs", {})) if _has_secret(name) else data


def is_secret(name: str, path: list[str]) -> bool:
    """Whether a field of an event is secret, lies within something that is, or has something secret within; so that
    nobody can find out its value by looking for it. Every field is, where there is no such event type."""
    if name.startswith(PREFIX):
        failed = _failed_event(name)
        return path[:1] == ["data"] and (failed is None or is_secret(failed, path[1:]))
    schema = _schema(name)
    if schema is None:
        return True
    defs = schema.get("$defs", {})
    nodes = [schema]
    for key in path:
        if any(_marked(each) for node in nodes for each in _branches(node, defs)):
            return True
        nodes = [child for node in nodes for each in _branches(node, defs) for child in _children(each, key)]
    return any(_contains_secret(node, defs, 0) for node in nodes)


def names_with_secrets() -> list[str]:
    """The names of every event type with a secret field, and of the failures of such events."""
    found = [name for name in registered() if not name.startswith(PREFIX) and _has_secret(name)]
    return sorted(found + [name_of_failure(name) for name in found])


@process_cache
def _schema(name: str) -> _Schema | None:
    try:
        return event_type(name).model_json_schema()
    except UnknownName:
        return None


@process_cache
def _has_secret(name: str) -> bool:
    schema = _schema(name)
    return schema is not None and _contains_secret(schema, schema.get("$defs", {}), 0)


def _failed_event(name: str) -> str | None:
    return next((each for each in registered() if name_of_failure(each) == name), None)


def _contains_secret(value: Any, defs: _Schema, depth: int) -> bool:
    """Whether the mark stands anywhere below; schemas that refer to themselves are read some levels down."""
    if isinstance(value, list):
        return any(_contains_secret(each, defs, depth) for each in value)
    if not isinstance(value, dict) or depth > 8:
        return False
    if _marked(value):
        return True
    if "$ref" in value and _contains_secret(defs.get(str(value["$ref"]).rpartition("/")[2], {}), defs, depth + 1):
        return True
    return any(_contains_secret(each, defs, depth) for key, each in value.items() if key != "$defs")


def _marked(node: _Schema) -> bool:
    return node.get("secret") is True


def _branches(node: Any, defs: _Schema, depth: int = 0) -> Iterator[_Schema]:
    """A schema, what it refers to, and every alternative of it."""
    if not isinstance(node, dict) or depth > 20:
        return
    yield node
    if "$ref" in node:
        yield from _branches(defs.get(str(node["$ref"]).rpartition("/")[2]), defs, depth + 1)
    for word in ("anyOf", "oneOf", "allOf"):
        for each in node.get(word, ()):
            yield from _branches(each, defs, depth + 1)


def _children(node: _Schema, key: str) -> Iterator[_Schema]:
    properties = node.get("properties", {})
    if key in properties:
        yield properties[key]
    elif isinstance(more := node.get("additionalProperties"), dict):
        yield more
    if key.isdigit():
        yield from _elements(node)


def _elements(node: _Schema) -> Iterator[_Schema]:
    yield from node.get("prefixItems", ())
    if isinstance(items := node.get("items"), dict):
        yield items


def _masked(value: Any, node: _Schema, defs: _Schema) -> Any:
    """A value in which whatever any alternative of its schema calls secret is masked."""
    branches = list(_branches(node, defs))
    if any(_marked(each) for each in branches):
        return MASK if value is not None else None
    for each in branches:
        if isinstance(value, dict):
            value = {key: _each_masked(item, _children(each, key), defs) for key, item in value.items()}
        elif isinstance(value, list) and (elements := list(_elements(each))):
            value = [_each_masked(item, elements, defs) for item in value]
    return value


def _each_masked(value: Any, nodes: Any, defs: _Schema) -> Any:
    for node in nodes:
        value = _masked(value, node, defs)
    return value
