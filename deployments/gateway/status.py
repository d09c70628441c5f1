"""``GET /events/{id}``: what became of an event, for the application's own page."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from prefect.utilities.urls import url_for

from groundwork.blocks.database import database
from groundwork.blocks.ulid import id_of
from groundwork.deployments.gateway.authentication import Authentication
from groundwork.deployments.gateway.links import without_links
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.events.inbox import DeliveryStatus, event_status

router = APIRouter()


@router.get("/events/{event_id}")
def get_event(event_id: str, request: Request) -> dict[str, Any]:
    """State, progress, result and run link of each job's delivery. An event that the key may not send looks like none:
    404."""
    authentication: Authentication = request.app.state.authentication
    sender = authentication.sender(request)
    try:
        key = id_of(event_id) or UUID(event_id)
    except ValueError:
        raise Refusal(404, f"{event_id!r} is not the id of an event; POST /events answers with the ids.") from None
    with database().transaction() as connection:
        status = event_status(connection, key)
    if status is None or not (sender.allows_workspace(status.workspace_id) and sender.allows_event(status.name)):
        raise Refusal(404, f"There is no event {event_id}.")
    return status.model_dump(mode="json", by_alias=True, exclude={"deliveries"}) | {
        "deliveries": [
            without_links(delivery.model_dump(mode="json", by_alias=True)) | {"runUrl": _run_url(delivery)}
            for delivery in status.deliveries
        ]
    }


def _run_url(delivery: DeliveryStatus) -> str | None:
    return url_for("flow-run", obj_id=delivery.flow_run_id) if delivery.flow_run_id else None
