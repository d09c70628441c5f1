"""The job ``pull-provider`` of the fitness app: a member's days are fetched, as after an outage or a new connection."""

from typing import Any

from groundwork.events.fitness.sync import ProviderPullWanted
from groundwork.flows.job import job
from groundwork.tasks.fitness.ingest.pull import find_connection, pull_all


@job(on=ProviderPullWanted, lane=1)
def pull_provider(event: ProviderPullWanted) -> dict[str, Any]:
    """Pull a member's days, every kind of data that holds readings."""
    pulled = pull_all(event, find_connection(event))
    return {"documents": pulled.documents} | pulled.summary.told()
