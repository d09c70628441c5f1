"""``GET /catalogue``: what may be sent, and which jobs listen."""

from typing import Any

from fastapi import APIRouter, Request

from groundwork.blocks.database import database
from groundwork.deployments.gateway.authentication import Authentication
from groundwork.events.catalogue import event_types
from groundwork.events.inbox.jobs import listening_jobs

router = APIRouter()


@router.get("/catalogue")
def get_catalogue(request: Request) -> dict[str, Any]:
    """Every event that the key may send: name, aliases, description, JSON Schema of its data, listening jobs."""
    authentication: Authentication = request.app.state.authentication
    sender = authentication.sender(request)
    with database().transaction() as connection:
        listening = listening_jobs(connection)
    return {
        "events": [
            {
                "name": name,
                "aliases": list(event_type.aliases),
                "description": event_type.__doc__,
                "schema": event_type.model_json_schema(),
                "jobs": listening.get(name, []),
            }
            for name, event_type in event_types().items()
            if sender.allows_event(name)
        ]
    }
