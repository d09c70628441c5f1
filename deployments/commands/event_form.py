"""The form of an event: its fields as a person is asked for them, and what the text that they typed means."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.suggestions import did_you_mean
from groundwork.blocks.words import printable
from groundwork.events.base import Event
from groundwork.events.misfit import field_faults
from groundwork.events.secret_fields import is_secret

_MOST_CHOICES = 12
_Schema = Mapping[str, Any]


@dataclass(frozen=True)
class FormField:
    """One field of a form.

    Attributes:
        name: as the wire has it.
        kind: its type in words, such as ``text``, ``number`` or ``one of csv, parquet``.
        help: what it is; empty where nobody has said.
        required: whether the event cannot do without it.
        default: what it is where nothing is given, as JSON; None where it is required, or is made anew each time.
        secret: whether what is typed is not to be seen.
        takes_text: whether a text is taken as it is typed, or may be one.
    """

    name: str
    kind: str
    help: str
    required: bool
    default: str | None
    secret: bool
    takes_text: bool
    _info: FieldInfo

    def read(self, text: str) -> Any:
        """The value that a text stands for, ready for JSON: a text as it is, where the field takes texts, else JSON.

        Raises:
            ConfigurationError: it is none of this field; the message names the field.
        """
        faults = []
        for value in self._candidates(text):
            try:
                self._adapter.validate_python(value)
            except ValidationError as error:
                faults += [each.reason for each in field_faults(error)]
            else:
                return value
        raise ConfigurationError(f"{self.name}: {faults[0] if faults else 'it is not JSON'}; it takes {self.kind}")

    def _candidates(self, text: str) -> Iterable[Any]:
        if self.takes_text:
            yield text
        try:
            yield json.loads(text)
        except (ValueError, RecursionError):
            if not self.takes_text:
                yield text

    @property
    def _adapter(self) -> TypeAdapter[Any]:
        kind: Any = self._info.annotation
        return TypeAdapter(Annotated[kind, *self._info.metadata] if self._info.metadata else kind)


def fields_of(event_type: type[Event]) -> list[FormField]:
    """The fields of an event type, those that it cannot do without first."""
    schema = event_type.model_json_schema()
    defs = schema.get("$defs", {})
    made = []
    for name, info in event_type.model_fields.items():
        wire = info.alias or name
        own = schema["properties"].get(wire, {})
        default = own.get("default")
        made.append(
            FormField(
                name=wire,
                kind=_kind(own, defs),
                help=" ".join((info.description or "").split()),
                required=info.is_required(),
                default=None if info.is_required() or default is None else json.dumps(default, ensure_ascii=False),
                secret=is_secret(event_type.event_name, [wire]),
                takes_text=_takes_text(own, defs),
                _info=info,
            )
        )
    return sorted(made, key=lambda each: not each.required)


def data_of(fields: Iterable[FormField], given: Iterable[str]) -> dict[str, Any]:
    """What ``--field name=value`` options say.

    Raises:
        ConfigurationError: one is not told so, or names no field, or its value is none; the message names it.
    """
    by_name = {each.name: each for each in fields}
    data: dict[str, Any] = {}
    for text in given:
        name, mark, value = text.partition("=")
        if not mark:
            raise ConfigurationError(f"--field {text!r}: say the field and its value, such as importId=imp-7")
        if name not in by_name:
            raise ConfigurationError(f"--field {name}: there is no such field{did_you_mean(name, list(by_name))}")
        data[name] = by_name[name].read(value)
    return data


def faults_of(event_type: type[Event], data: dict[str, Any]) -> dict[str, str]:
    """What is wrong with an event's data, by the field of the form; empty text for the event as a whole."""
    try:
        event_type.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        found: dict[str, str] = {}
        for each in field_faults(error):
            found.setdefault(each.field.partition(".")[0].partition("[")[0], str(each))
        return found
    return {}


def _kind(schema: _Schema, defs: _Schema) -> str:
    schema = _resolved(schema, defs)
    if "const" in schema:
        return json.dumps(schema["const"])
    if choices := schema.get("enum"):
        more = f" and {len(choices) - _MOST_CHOICES} more" if len(choices) > _MOST_CHOICES else ""
        return f"one of {', '.join(printable(str(each)) for each in choices[:_MOST_CHOICES])}{more}"
    if several := schema.get("anyOf") or schema.get("oneOf"):
        kinds = [_kind(each, defs) for each in several if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds)) or "null"
    kind = schema.get("type")
    if kind == "array":
        return f"JSON list of {_kind(schema.get('items', {}), defs)}"
    if kind == "string":
        return {"date-time": "date and time", "date": "date", "uuid": "UUID", "time": "time of day"}.get(
            str(schema.get("format")), "text"
        )
    return {"integer": "whole number", "number": "number", "boolean": "true or false", "object": "JSON object"}.get(
        str(kind), "JSON"
    )


def _takes_text(schema: _Schema, defs: _Schema) -> bool:
    schema = _resolved(schema, defs)
    if several := schema.get("anyOf") or schema.get("oneOf"):
        return any(_takes_text(each, defs) for each in several)
    if choices := schema.get("enum"):
        return all(isinstance(each, str) for each in choices)
    return schema.get("type") == "string" or isinstance(schema.get("const"), str)


def _resolved(schema: _Schema, defs: _Schema) -> _Schema:
    reference = str(schema.get("$ref", "")).rpartition("/")[2]
    if reference in defs:
        return _resolved(defs[reference], defs)
    [only, *others] = schema.get("allOf") or [None]
    return _resolved(only, defs) if only is not None and not others else schema
