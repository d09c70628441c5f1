"""The job ``announce-nights`` of the fitness application: each hour, the nights that have come."""

from groundwork.events.fitness.scoring import HourStruck
from groundwork.flows.job import job
from groundwork.tasks.fitness.scores.steps import announce_due_nights


@job(on=HourStruck)
def announce_nights(event: HourStruck) -> dict[str, int]:  # noqa: ARG001 - the hour is that of the run
    """Announce the nights that have come; each is then a delivery in its workspace's own lane."""
    return {"nights": announce_due_nights()}
