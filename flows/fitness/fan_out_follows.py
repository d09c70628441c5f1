"""The job ``fan-out-follows`` of the fitness application: who follows somebody finds the newest of them in the feed."""

from groundwork.events.fitness.social import FollowAdded
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.fitness.feed.steps import fan_out_follows as fill_feeds


@job(on=FollowAdded, light=True, batch=Batch(size=200, wait=0.5))
def fan_out_follows(events: list[FollowAdded]) -> None:
    """Fill the feeds of new followers, bring the news to those who follow them, and have the followed told."""
    fill_feeds(events)
