"""Prefect's event feed, as the tests read it."""

from typing import Any
from uuid import UUID

import httpx
from prefect.settings import PREFECT_API_URL

from tests.waiting import wait_until


def events_about(resource: str, name: str, count: int = 1) -> list[dict[str, Any]]:
    """Events of a name about a resource, once there are as many as expected."""
    criteria = {"filter": {"event": {"name": [name]}, "any_resource": {"id": [resource]}}, "limit": 50}

    def answer() -> list[dict[str, Any]] | None:
        response = httpx.post(f"{PREFECT_API_URL.value()}/events/filter", json=criteria, timeout=10)
        found = response.raise_for_status().json()["events"]
        return found if len(found) >= count else None

    return wait_until(answer, 30, what=f"{count} events {name} about {resource}")


def related(event: dict[str, Any]) -> dict[str, str]:
    """An event's related resources by role."""
    return {each["prefect.resource.role"]: each["prefect.resource.id"] for each in event["related"]}


def delivery_resource(delivery_id: UUID) -> str:
    return f"groundwork.delivery.{delivery_id}"


def event_resource(event_id: UUID) -> str:
    return f"groundwork.event.{event_id}"
