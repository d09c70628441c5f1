"""``GET /catalogue``: what may be sent, and which jobs listen; for a browser, as a page."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic.alias_generators import to_camel

from groundwork.blocks.database import database
from groundwork.deployments.gateway.accepts import prefers_html
from groundwork.deployments.gateway.authentication import Authentication
from groundwork.deployments.gateway.catalogue_page import catalogue_page
from groundwork.events.catalogue import event_types
from groundwork.events.examples import example_of
from groundwork.events.inbox.jobs import Listener, listeners
from groundwork.flows.limits import UNLIMITED

router = APIRouter()


@router.get("/catalogue", responses={200: {"content": {"text/html": {}}}})
def get_catalogue(request: Request) -> Response:
    """Every event that the key may send: name, aliases, description, JSON Schema of its data, an example, and the
    listening jobs with lanes and limits. Who likes HTML better gets a page that asks for the key."""
    if prefers_html(request.headers.get("accept", "")):
        return catalogue_page()
    return JSONResponse({"events": _events(request)}, headers={"Vary": "Accept"})


def _events(request: Request) -> list[dict[str, Any]]:
    authentication: Authentication = request.app.state.authentication
    sender = authentication.sender(request)
    with database().transaction() as connection:
        listening = listeners(connection)
    return [
        {
            "name": name,
            "aliases": list(event_type.aliases),
            "description": event_type.__doc__,
            "schema": event_type.model_json_schema(),
            "example": example_of(event_type),
            "jobs": [each.job for each in listening.get(name, [])],
            "listeners": [_told(each) for each in listening.get(name, [])],
        }
        for name, event_type in event_types().items()
        if sender.allows_event(name)
    ]


def _told(listener: Listener) -> dict[str, Any]:
    """A listener as JSON; of limits and what they say the names are camelCase, and the values as events have them."""
    limits = {to_camel(name): _camel(said) for name, said in listener.limits.items()}
    lane = None if listener.lane_limit >= UNLIMITED else listener.lane_limit
    rest = {to_camel(name): each for name, each in asdict(listener).items() if name not in ("limits", "lane_limit")}
    return rest | {"laneLimit": lane, "limits": limits}


def _camel(said: Any) -> Any:
    if isinstance(said, list):
        return [_camel(each) for each in said]
    return {to_camel(name): each for name, each in said.items()} if isinstance(said, dict) else said
