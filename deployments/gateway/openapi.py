"""``GET /openapi.json``: the gateway's routes as an OpenAPI document, with the events that the key may send."""

import copy
from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Request

from groundwork.deployments.gateway.authentication import Authentication
from groundwork.events.asyncapi import message_schema
from groundwork.events.catalogue import event_types

router = APIRouter()

_WITH_KEY = ("/events", "/bounces", "/catalogue", "/metrics")
"""What our routes begin with that ask for an event key. Applications say so by ``openapi_extra``."""
_OF_INNGEST = "/e/{event_key}"
_ERROR_OF = {_OF_INNGEST: "InngestAnswer"}
_ERROR = {
    "type": "object",
    "required": ["error", "details"],
    "properties": {
        "error": {"type": "string", "description": "What is wrong, for a person."},
        "details": {"type": "array", "items": {"type": "object"}, "description": "One object per fault of a field."},
    },
}
_INNGEST = {
    "type": "object",
    "required": ["ids", "status"],
    "properties": {
        "ids": {"type": "array", "items": {"type": "string"}, "description": "ULIDs; none where it is refused."},
        "status": {"type": "integer"},
        "error": {"type": "string", "description": "Why it is refused."},
    },
}
_INNGEST_EVENT = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "data": {"type": ["object", "null"]},
        "user": {"type": ["object", "null"]},
        "id": {"type": ["string", "null"]},
        "v": {"type": ["string", "null"]},
        "ts": {"type": ["integer", "null"]},
    },
}
_ACCEPTED = {
    "type": "object",
    "required": ["ids", "accepted", "duplicates"],
    "properties": {
        "ids": {"type": "array", "items": {"type": "string", "format": "uuid"}},
        "accepted": {"type": "integer"},
        "duplicates": {"type": "integer"},
    },
}


@router.get("/openapi.json", include_in_schema=False)
def get_openapi(request: Request) -> dict[str, Any]:
    """The document. It has no events that the key may not send."""
    authentication: Authentication = request.app.state.authentication
    sender = authentication.sender(request)
    document: dict[str, Any] = copy.deepcopy(request.app.openapi())
    components = document.setdefault("components", {})
    components["securitySchemes"] = {"eventKey": {"type": "http", "scheme": "bearer"}}
    schemas = {"Error": _ERROR, "InngestAnswer": _INNGEST, "InngestEvent": _INNGEST_EVENT}
    allowed = {name: each for name, each in event_types().items() if sender.allows_event(name)}
    for name, each in allowed.items():
        key = name.replace("/", ".")
        schemas[key] = message_schema(each, f"#/components/schemas/{key}")
    components["schemas"] = schemas
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _describe(operation, asks_for_key=path.startswith(_WITH_KEY), error=_ERROR_OF.get(path, "Error"))
    _describe_events(document, allowed)
    return document


def _describe_events(document: dict[str, Any], allowed: Iterable[str]) -> None:
    """Both ways to send."""
    theirs = {"$ref": "#/components/schemas/InngestEvent"}
    post = document["paths"][_OF_INNGEST]["post"]
    post["requestBody"] = _json({"anyOf": [theirs, {"type": "array", "items": theirs}]}) | {"required": True}
    post["responses"]["200"] |= _json({"$ref": "#/components/schemas/InngestAnswer"})
    post = document["paths"]["/events"]["post"]
    one = {"oneOf": [{"$ref": f"#/components/schemas/{name.replace('/', '.')}"} for name in allowed]}
    body = {"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]}
    post["requestBody"] = _json(body) | {"required": True}
    post["responses"]["202"] |= _json(_ACCEPTED)


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _describe(operation: dict[str, Any], *, asks_for_key: bool, error: str) -> None:
    """Say who may call, and how refusals look: the framework's own form of them never leaves the gateway."""
    operation.setdefault("security", [{"eventKey": []}] if asks_for_key else [])
    operation["responses"].pop("422", None)
    refused = {"$ref": f"#/components/schemas/{error}"}
    operation["responses"]["default"] = {"description": "Refused."} | _json(refused)
