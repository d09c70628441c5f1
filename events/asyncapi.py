"""The catalogue as an AsyncAPI 3 document: one channel, the inbox, and a message per event."""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from groundwork.events.base import Event
from groundwork.events.inbox.storing import EARLIEST_TS, LATEST_TS, LONGEST_ID

_ENVELOPE = {
    "id": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_ID,
        "description": "The sender's id: a second event of the workspace and name with it is answered with the first.",
    },
    "ts": {
        "type": "integer",
        "minimum": EARLIEST_TS,
        "maximum": LATEST_TS - 1,
        "description": "Milliseconds since 1970. In the future, the event's jobs start then.",
    },
}


def asyncapi(types: Iterable[type[Event]]) -> dict[str, Any]:
    """A JSON-ready document. Messages are named by their events, with ``.`` for ``/``, as AsyncAPI wants keys."""
    messages = {_key(each.event_name): _message(each) for each in types}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Groundwork events",
            "version": version("groundwork"),
            "description": "What may be sent by POST /events, by groundwork.send in SQL, or from Python.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "inbox": {
                "address": "/events",
                "messages": {key: {"$ref": f"#/components/messages/{key}"} for key in messages},
            }
        },
        "operations": {"acceptEvent": {"action": "receive", "channel": {"$ref": "#/channels/inbox"}}},
        "components": {"messages": messages},
    }


def _key(name: str) -> str:
    return name.replace("/", ".")


def _message(event_type: type[Event]) -> dict[str, Any]:
    return {
        "name": event_type.event_name,
        "title": event_type.__name__,
        "summary": " ".join((event_type.__doc__ or "").split()),
        "payload": message_schema(event_type, f"#/components/messages/{_key(event_type.event_name)}/payload"),
    }


def message_schema(event_type: type[Event], here: str) -> dict[str, Any]:
    """JSON Schema of an event with its envelope, as it is sent.

    Args:
        here: reference to where the schema will stand in its document.
    """
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "data"],
        "properties": {
            "name": _named(event_type),
            "data": _moved(event_type.model_json_schema(), f"{here}/properties/data/$defs/"),
            **_ENVELOPE,
        },
    }


def _named(event_type: type[Event]) -> dict[str, Any]:
    if event_type.aliases:
        return {"enum": [event_type.event_name, *event_type.aliases]}
    return {"const": event_type.event_name}


def _moved(value: Any, where: str) -> Any:
    """A schema whose references lead to where it stands in the document."""
    if isinstance(value, Mapping):
        return {
            key: where + each.removeprefix("#/$defs/")
            if key == "$ref" and isinstance(each, str)
            else _moved(each, where)
            for key, each in value.items()
            if not (
                key == "discriminator" and "propertyName" in each
            )  # OpenAPI's form of it, which AsyncAPI has not; oneOf says the same
        }
    return [_moved(each, where) for each in value] if isinstance(value, list) else value
