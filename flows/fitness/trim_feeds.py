"""The job ``trim-feeds`` of the fitness application: each night, feeds are cut to their length and tidied."""

from groundwork.events.fitness.social import FeedTrimDue
from groundwork.flows.job import job
from groundwork.tasks.fitness.feed.steps import trim_all


@job(on=FeedTrimDue)
def trim_feeds(_event: FeedTrimDue) -> dict[str, int]:
    """Trim the feeds of all workspaces, some members at a time."""
    return {"removed": trim_all()}
