"""``GET /catalogue``: what may be sent, and which jobs listen."""

from collections import defaultdict
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import select

from blocks.database import database
from blocks.schema import job
from deployments.gateway.authentication import Authentication
from events.catalogue import event_types

router = APIRouter()


@router.get("/catalogue")
def get_catalogue(request: Request) -> dict[str, Any]:
    """Every event that the key may send: name, description, JSON Schema of its data, listening jobs."""
    authentication: Authentication = request.app.state.authentication
    sender = authentication.sender(request)
    listening = _listening_jobs()
    return {
        "events": [
            {
                "name": name,
                "description": event_type.__doc__,
                "schema": event_type.model_json_schema(),
                "jobs": listening[name],
            }
            for name, event_type in event_types().items()
            if sender.allows_event(name)
        ]
    }


def _listening_jobs() -> dict[str, list[str]]:
    listening: dict[str, list[str]] = defaultdict(list)
    with database().transaction() as connection:
        for row in connection.execute(select(job.c.event_name, job.c.name).order_by(job.c.name)):
            listening[row.event_name].append(row.name)
    return listening
