"""The shape of an event's data, as ``groundwork.send`` reads it in PostgreSQL. Made of what Pydantic validates by.

SQL accepts what Pydantic accepts, or less: a value that only Python can judge is refused, with the reason. A field with
a default may be left out whatever judges it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic_core import CoreSchema

from groundwork.events.base import Event
from groundwork.events.checked_in_sql import SqlRule, rule_of
from groundwork.events.sql_patterns import Untranslatable, postgres_pattern

Shape = dict[str, Any]
"""``t`` is its kind; ``null`` whether null will do. ``events/inbox/sql_send.sql`` reads it."""
_Node = Mapping[str, Any]

_ALWAYS = {"type", "metadata", "ref"}
"""Keys of a node that say nothing of what it accepts."""
_HARMLESS_CONFIG = {
    "title", "extra_fields_behavior", "validate_by_name", "validate_by_alias", "allow_inf_nan", "ser_json_inf_nan",
    "from_attributes", "loc_by_alias", "revalidate_instances", "hide_input_in_errors", "frozen",
}  # fmt: skip
_KINDS_OF_JSON = {
    "text": "string", "id": "string", "datetime": "string", "date": "string", "uuid": "string", "integer": "number",
    "number": "number", "boolean": "boolean", "list": "array", "map": "object", "object": "object", "tagged": "object",
}  # fmt: skip
_AS_THEY_ARE = ("text", "id", "choice")
"""Kinds whose values are stored as they were given, so that it does not matter which of several took one."""


class _OnlyPython(Exception):
    """SQL cannot judge a value. The message says why."""


def shape_of(event_type: type[Event]) -> Shape:
    """The shape of the data of an event type.

    Returns:
        A JSON-ready object. Where the type as a whole is only for Python to judge, ``{"t": "unchecked", "why": "…"}``.
    """
    if event_type.wire is not Event.wire:
        return _unchecked("the type has a wire() of its own")
    shape = _Reader().read(TypeAdapter(event_type).core_schema)
    if shape["t"] == "object" and (user := event_type.model_fields.get("user_id")) is not None:
        shape["user"] = user.serialization_alias or user.alias or "user_id"
    return shape


def unchecked_places(shape: Shape, place: str = "") -> dict[str, str]:
    """Where SQL takes no value, and why: by the field's place, such as ``options.columns``."""
    match shape["t"]:
        case "unchecked":
            return {place: shape["why"]}
        case "object":
            inner = {f"{place}.{name}".lstrip("."): each["s"] for name, each in shape["fields"].items()}
        case "list" | "map":
            inner = {f"{place}[]": shape["items"]}
        case "union" | "tagged":
            choices = shape["of"].values() if shape["t"] == "tagged" else shape["of"]
            return {key: why for each in choices for key, why in unchecked_places(each, place).items()}
        case _:
            return {}
    return {key: why for path, each in inner.items() for key, why in unchecked_places(each, path).items()}


class _Reader:
    """One walk over the schema of a type."""

    def __init__(self) -> None:
        self._definitions: dict[str, _Node] = {}
        self._within: list[str] = []

    def read(self, node: CoreSchema | _Node) -> Shape:
        """The shape of a node; of one that SQL cannot judge, that it cannot."""
        reader = _READERS.get(node["type"])
        try:
            if reader is None:
                raise _OnlyPython(f"values of the kind {node['type']} are known to Python only")
            return reader(self, node)
        except _OnlyPython as reason:
            return _unchecked(str(reason))
        except Untranslatable as reason:
            return _unchecked(f"its pattern has {reason}")

    def _definitions_node(self, node: _Node) -> Shape:
        _only(node, "schema", "definitions")
        self._definitions |= {each["ref"]: each for each in node["definitions"]}
        return self.read(node["schema"])

    def _reference(self, node: _Node) -> Shape:
        _only(node, "schema_ref")
        name = node["schema_ref"]
        if name in self._within:
            raise _OnlyPython("its type is made of itself")
        self._within.append(name)
        try:
            return self.read(self._definitions[name])
        finally:
            self._within.pop()

    def _model(self, node: _Node) -> Shape:
        _only(
            node, "cls", "schema", "config", "frozen", "extra_behavior", "generic_origin", "custom_init", "root_model"
        )
        if node.get("custom_init") or node.get("root_model"):
            raise _OnlyPython("its model is made in a way of its own")
        config = node.get("config", {})
        if own := {key for key, value in config.items() if value is not None} - _HARMLESS_CONFIG:
            raise _OnlyPython(f"its model's configuration has {', '.join(sorted(own))}")
        fields = node["schema"]
        if fields["type"] != "model-fields":
            raise _OnlyPython("a validator of its model's own")
        _only(fields, "fields", "model_name", "extra_behavior", "computed_fields")
        extra = fields.get("extra_behavior") or node.get("extra_behavior") or config.get("extra_fields_behavior")
        if fields.get("computed_fields") or extra == "allow" or config.get("validate_by_alias") is False:
            raise _OnlyPython("its model has fields that only Python knows")
        return {
            "t": "object",
            "extra": extra or "ignore",
            "fields": dict(self._field(node["cls"], *each) for each in fields["fields"].items()),
        }

    def _field(self, model: type[BaseModel], name: str, node: _Node) -> tuple[str, Shape]:
        _only(node, "schema", "validation_alias", "serialization_alias", "frozen")
        key = node.get("validation_alias") or name
        if not isinstance(key, str):
            raise _OnlyPython(f"its field {name} has several names")
        field: Shape = {"out": node.get("serialization_alias") or name}
        inner = node["schema"]
        if inner["type"] != "default":
            return key, field | {"s": self.read(inner), "required": True}
        field["s"] = self.read(inner["schema"])
        _only(inner, "schema", "default", "default_factory", "default_factory_takes_data", "copy_default")
        try:
            default = self._default(model, name, inner, field["s"])
        except _OnlyPython:
            return key, field | {"required": True, "made": True}
        return key, field if default is None else field | {"default": default}

    def _default(self, model: type[BaseModel], name: str, node: _Node, shape: Shape) -> Any:
        """What is stored of a field that is left out; None for nothing."""
        if "default_factory" not in node:
            value = node["default"]
        elif (factory := node["default_factory"]) in (dict, list, tuple):
            value = factory()
        elif factory is _inner(node["schema"]).get("cls") and shape["t"] == "object":
            return _empty(shape)
        else:
            raise _OnlyPython("its default is made in Python")
        made = model.model_construct(**{name: value})
        dumped = made.model_dump(mode="json", by_alias=True, exclude_none=True, include={name}, warnings=False)
        return next(iter(dumped.values()), None)

    def _after(self, node: _Node) -> Shape:
        _only(node, "function", "schema")
        shape = self.read(node["schema"])
        rule = rule_of(node["function"]["function"])
        if rule is None:
            raise _OnlyPython("a validator in Python judges it")
        return _ruled(shape, rule)

    def _plain(self, node: _Node) -> Shape:
        rule = rule_of(node["function"]["function"])
        _only(node, "function", *(["serialization"] if node.get("serialization") == {"type": "to-string"} else []))
        if rule is None:
            raise _OnlyPython("a validator in Python judges it")
        return _ruled({"t": "text"}, rule)

    def _nullable(self, node: _Node) -> Shape:
        _only(node, "schema")
        return self.read(node["schema"]) | {"null": True}

    def _text(self, node: _Node) -> Shape:
        _only(node, "min_length", "max_length", "pattern", "regex_engine", "coerce_numbers_to_str", "strict")
        shape: Shape = {"t": "text"} | _bounds(node)
        if (pattern := node.get("pattern")) is not None:
            if not isinstance(pattern, str):
                raise _OnlyPython("its pattern is compiled")
            shape |= {"patterns": [postgres_pattern(pattern)], "pattern": pattern}
        return shape

    def _integer(self, node: _Node) -> Shape:
        limits = ("ge", "le", "gt", "lt", "multiple_of")
        _only(node, *limits)
        return {"t": "integer"} | {key: node[key] for key in limits if node.get(key) is not None}

    def _number(self, node: _Node) -> Shape:
        limits = ("ge", "le", "gt", "lt")
        _only(node, *limits, "allow_inf_nan", "strict")
        return {"t": "number"} | {key: node[key] for key in limits if node.get(key) is not None}

    def _datetime(self, node: _Node) -> Shape:
        _only(node, "microseconds_precision", "tz_constraint")
        if node.get("microseconds_precision", "truncate") != "truncate":
            raise _OnlyPython("its precision is checked in Python")
        if node.get("tz_constraint") not in (None, "aware", "naive"):
            raise _OnlyPython("its zone is checked in Python")
        return {"t": "datetime", "zone": node.get("tz_constraint")}

    def _list(self, node: _Node) -> Shape:
        _only(node, "items_schema", "min_length", "max_length", "fail_fast")
        return {"t": "list", "items": self.read(node.get("items_schema", {"type": "any"}))} | _bounds(node)

    def _tuple(self, node: _Node) -> Shape:
        _only(node, "items_schema", "variadic_item_index", "min_length", "max_length", "fail_fast")
        if len(node["items_schema"]) != 1 or node.get("variadic_item_index") != 0:
            raise _OnlyPython("its places are of several types")
        return {"t": "list", "items": self.read(node["items_schema"][0])} | _bounds(node)

    def _map(self, node: _Node) -> Shape:
        _only(node, "keys_schema", "values_schema", "min_length", "max_length", "fail_fast", "strict")
        anything = {"type": "any"}
        keys = self.read(node.get("keys_schema", anything))
        if keys["t"] not in (*_AS_THEY_ARE, "any") or keys.get("null"):
            raise _OnlyPython("its keys are no plain texts")
        return {"t": "map", "keys": keys, "items": self.read(node.get("values_schema", anything))} | _bounds(node)

    def _literal(self, node: _Node) -> Shape:
        _only(node, "expected")
        return _choice(node["expected"])

    def _enum(self, node: _Node) -> Shape:
        _only(node, "cls", "members", "sub_type")
        return _choice([each.value for each in node["members"]])

    def _union(self, node: _Node) -> Shape:
        _only(node, "choices", "auto_collapse")
        choices = [self.read(each[0] if isinstance(each, tuple) else each) for each in node["choices"]]
        kinds = [_json_kinds(each) for each in choices]
        for number, (one, its) in enumerate(zip(choices, kinds, strict=True)):
            for other, others in list(zip(choices, kinds, strict=True))[:number]:
                if its & others - {"null"} and not {one["t"], other["t"]} <= set(_AS_THEY_ARE):
                    raise _OnlyPython("which of its types is meant, Python decides")
        return {"t": "union", "of": choices, "kinds": [sorted(each) for each in kinds]}

    def _tagged(self, node: _Node) -> Shape:
        _only(node, "choices", "discriminator", "from_attributes")
        choices = node["choices"]
        if not isinstance(node["discriminator"], str) or not all(isinstance(each, str) for each in choices):
            raise _OnlyPython("which of its types is meant, Python decides")
        return {
            "t": "tagged",
            "key": node["discriminator"],
            "of": {tag: self.read(each) for tag, each in choices.items()},
        }


def _simple(kind: str, *keys: str) -> Callable[[_Reader, _Node], Shape]:
    def read(_: _Reader, node: _Node) -> Shape:
        _only(node, *keys)
        return {"t": kind}

    return read


_READERS: dict[str, Callable[[_Reader, _Node], Shape]] = {
    "definitions": _Reader._definitions_node,
    "definition-ref": _Reader._reference,
    "model": _Reader._model,
    "function-after": _Reader._after,
    "function-plain": _Reader._plain,
    "nullable": _Reader._nullable,
    "str": _Reader._text,
    "int": _Reader._integer,
    "float": _Reader._number,
    "bool": _simple("boolean", "strict"),
    "datetime": _Reader._datetime,
    "date": _simple("date"),
    "uuid": _simple("uuid"),
    "any": _simple("any"),
    "list": _Reader._list,
    "tuple": _Reader._tuple,
    "dict": _Reader._map,
    "literal": _Reader._literal,
    "enum": _Reader._enum,
    "union": _Reader._union,
    "tagged-union": _Reader._tagged,
}


def _only(node: _Node, *keys: str) -> None:
    """Refuse a node that says more than what is read of it."""
    more = {key for key, value in node.items() if value not in (None, False)} - _ALWAYS - set(keys)
    if more:
        raise _OnlyPython(f"{', '.join(sorted(more))} is for Python to judge")


def _unchecked(why: str) -> Shape:
    return {"t": "unchecked", "why": why}


def _bounds(node: _Node) -> Shape:
    return {
        short: node[key] for key, short in (("min_length", "min"), ("max_length", "max")) if node.get(key) is not None
    }


def _choice(values: list[Any]) -> Shape:
    if not all(type(each) in (str, int, bool, type(None)) for each in values):
        raise _OnlyPython("its choices are no texts or whole numbers")
    return {"t": "choice", "of": values}


def _inner(node: _Node) -> _Node:
    """A node without what is put around it to judge it."""
    while node["type"] in ("function-after", "nullable"):
        node = node["schema"]
    return node


def _empty(shape: Shape) -> dict[str, Any]:
    if any(each.get("required") for each in shape["fields"].values()):
        raise _OnlyPython("its default is made in Python")
    return {each["out"]: each["default"] for each in shape["fields"].values() if "default" in each}


def _json_kinds(shape: Shape) -> set[str]:
    null = {"null"} if shape.get("null") else set()
    match shape["t"]:
        case "choice":
            names = {str: "string", int: "number", bool: "boolean", type(None): "null"}
            return {names[type(each)] for each in shape["of"]} | null
        case "union":
            return {kind for each in shape["kinds"] for kind in each} | null
        case "any" | "unchecked":
            return {"string", "number", "boolean", "array", "object", "null"}
    return {_KINDS_OF_JSON[shape["t"]]} | null


def _ruled(shape: Shape, rule: SqlRule) -> Shape:
    """A shape that is as narrow as a rule says."""
    shape = dict(shape)
    if shape["t"] == "unchecked":
        return shape
    if rule.get("id") and shape["t"] == "text":
        shape["t"] = "id"
    if "pattern" in rule:
        if shape["t"] not in ("text", "id"):
            raise _OnlyPython("a pattern is for texts")
        shape["patterns"] = [*shape.get("patterns", ()), postgres_pattern(rule["pattern"])]
        shape.setdefault("pattern", rule["pattern"])
    if "values" in rule:
        if shape["t"] != "map":
            raise _OnlyPython("a pattern of values is for dictionaries")
        shape["items"] = _ruled(shape["items"], SqlRule(pattern=rule["values"]))
    if "least" in rule:
        shape["min"] = max(rule["least"], shape.get("min", 0))
    if rule.get("unique"):
        shape["unique"] = True
    if "most_json" in rule:
        shape["most_json"] = rule["most_json"]
    return shape
