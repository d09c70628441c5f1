"""A batch of what providers have sent: what it says by itself is stored, the rest is asked for in one event each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from groundwork.blocks.errors import NonRetriable
from groundwork.events.fitness.sync import (
    ReadingsFileUploaded,
    WantedObject,
    WearableDataReceived,
    WearableFetchWanted,
)
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.tasks.fitness.connections.record import Linked, connections_of_users, disconnect
from groundwork.tasks.fitness.ingest.names import DEREGISTRATION, GARMIN_KINDS, METRICS_OF, MOST_TOLD
from groundwork.tasks.fitness.providers.garmin import garmin_readings
from groundwork.tasks.fitness.readings.reading import Reading, deletion, judge
from groundwork.tasks.fitness.readings.store import write_readings
from groundwork.tasks.step import step
from groundwork.tasks.workspace_blobs import own_key


@dataclass
class Received:
    """What a batch comes to.

    Attributes:
        outcomes: of each event, in order: JSON-ready; with ``error`` where it fails.
        fetches: objects to be fetched, by provider.
        files: files to be imported.
    """

    outcomes: list[dict[str, Any]] = field(default_factory=list)
    fetches: dict[str, list[WantedObject]] = field(default_factory=dict)
    files: list[ReadingsFileUploaded] = field(default_factory=list)


@step(ledger=True)
def take_in(connection: Connection, workspace_id: str, events: Sequence[WearableDataReceived]) -> Received:
    """Store what a batch of one workspace hands over and what it says is deleted, in one statement.

    Args:
        connection: the transaction that stores it.
        workspace_id: of all of the events.
        events: in the order in which they were accepted.
    """
    found = Received()
    users: dict[str, set[str]] = defaultdict(set)
    for event in events:
        users[event.provider].add(event.provider_user)
    linked = {
        (provider, user): each
        for provider, names in users.items()
        for user, each in connections_of_users(connection, workspace_id, provider, names).items()
    }
    readings: list[Reading] = []
    for event in events:
        try:
            outcome, more = _taken(connection, event, linked.get((event.provider, event.provider_user)), found)
        except NonRetriable as error:
            outcome, more = {"error": str(error)}, []
        found.outcomes.append(outcome)
        readings += more
    write_readings(connection, workspace_id, readings)
    return found


@step
def ask_for_the_rest(workspace_id: str, received: Received) -> int:
    """Send an event for each provider that is to be asked, and for each file. Returns how many."""
    for provider, objects in received.fetches.items():
        send(
            WearableFetchWanted.model_validate(
                {"workspace_id": workspace_id, "provider": provider, "objects": _once_each(objects)}
            )
        )
    for file in received.files:
        send(file)
    return len(received.fetches) + len(received.files)


def outcomes_of(received: Received) -> list[Any]:
    """The outcomes as a job of batches returns them: a failure fails its own event alone."""
    return [NonRetriable(each["error"]) if "error" in each else each for each in received.outcomes]


def _taken(
    connection: Connection, event: WearableDataReceived, linked: Linked | None, found: Received
) -> tuple[dict[str, Any], list[Reading]]:
    if event.provider == "apple":
        found.files.append(_apple_file(event))
        return {"importing": event.blob}, []
    if linked is None:
        return {"ignored": f"nobody here is connected to this account of {event.provider}"}, []
    if event.data_type == DEREGISTRATION:
        disconnect(connection, linked)
        return {"disconnected": linked.member_id}, []
    at = event.sent_at or datetime.now(UTC)
    if event.data is not None:
        if event.provider != "garmin" or event.data_type not in GARMIN_KINDS:
            raise NonRetriable(
                f"data: {event.provider} hands over no {event.data_type}; Garmin does {', '.join(GARMIN_KINDS)}"
            )
        judged = judge(garmin_readings(linked, event.data_type, event.data, at))
        return {"readings": len(judged.good), "refused": judged.refused[:MOST_TOLD]}, judged.good
    metrics = METRICS_OF.get(event.provider, {}).get(event.data_type)
    if metrics is None:
        return {"ignored": f"{event.data_type} of {event.provider} holds no readings"}, []
    if not event.object_id:
        raise NonRetriable(f"object_id: {event.provider} names the object that a webhook is about")
    if event.kind == "deleted":
        gone = judge(deletion(linked.member_id, event.provider, event.object_id, at, metrics=metrics))
        return {"deleted": event.object_id, "refused": gone.refused[:MOST_TOLD]}, gone.good
    if linked.state != "active":
        return {
            "ignored": f"the connection is {linked.state}; what is missed is pulled once the member connects anew"
        }, []
    wanted = WantedObject(
        provider_user=event.provider_user, data_type=event.data_type, object_id=event.object_id, sent_at=at
    )
    found.fetches.setdefault(event.provider, []).append(wanted)
    return {"fetching": event.object_id}, []


def _apple_file(event: WearableDataReceived) -> ReadingsFileUploaded:
    if not event.blob:
        raise NonRetriable("blob: an Apple Health export is uploaded; send the key of its export.zip")
    return ReadingsFileUploaded.model_validate(
        {
            "workspace_id": WorkspaceId(event.workspace_id),
            "blob": own_key(event.workspace_id, event.blob),
            "format": "apple-health",
            "member_id": event.provider_user,
        }
    )


def _once_each(objects: Sequence[WantedObject]) -> list[WantedObject]:
    """Each object once, however often it was told of, with the latest time."""
    latest: dict[tuple[str, str, str], WantedObject] = {}
    for each in objects:
        key = (each.provider_user, each.data_type, each.object_id)
        if key not in latest or latest[key].sent_at < each.sent_at:
            latest[key] = each
    return [latest[key] for key in sorted(latest)]
