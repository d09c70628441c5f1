"""The job ``fetch-wearable`` of the fitness app: what a batch of webhooks has named is fetched from its provider."""

from typing import Any

from groundwork.events.fitness.sync import WearableFetchWanted
from groundwork.flows.job import job
from groundwork.tasks.fitness.ingest.fetch import fetch_all


@job(on=WearableFetchWanted, lane=2)
def fetch_wearable(event: WearableFetchWanted) -> dict[str, Any]:
    """Fetch and store, waiting without a worker for as long as the provider asks."""
    return fetch_all(event).told()
