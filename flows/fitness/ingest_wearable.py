"""The job ``ingest-wearable`` of the fitness app: what providers tell or hand over becomes readings."""

from typing import Any

from groundwork.events.fitness.sync import WearableDataReceived
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.fitness.ingest.received import ask_for_the_rest, outcomes_of, take_in


@job(on=WearableDataReceived, light=True, lane=2, batch=Batch(size=100, wait=0.5))
def ingest_wearable(events: list[WearableDataReceived]) -> list[Any]:
    """Store what came by itself. Fetching is a job of its own, since a batch cannot wait for a provider."""
    received = take_in(events[0].workspace_id, events)
    ask_for_the_rest(events[0].workspace_id, received)
    return outcomes_of(received)
