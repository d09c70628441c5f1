"""The job ``fan-out-posts`` of the fitness application: posts come into the feeds of those who follow their authors."""

from groundwork.events.fitness.social import PostCreated
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.fitness.feed.steps import fan_out_posts as bring_to_followers


@job(on=PostCreated, batch=Batch(size=1000, wait=0.5))
def fan_out_posts(events: list[PostCreated]) -> None:
    """Bring posts to the followers of their authors: those of a few together, those of many range by range."""
    bring_to_followers(events)
