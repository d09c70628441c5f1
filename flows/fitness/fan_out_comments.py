"""The job ``fan-out-comments`` of the fitness application: comments come into followers' feeds."""

from groundwork.events.fitness.social import CommentAdded
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.fitness.feed.steps import fan_out_comments as bring_to_followers


@job(on=CommentAdded, light=True, batch=Batch(size=1000, wait=0.5))
def fan_out_comments(events: list[CommentAdded]) -> None:
    """Bring comments to the followers of their writers, and have the posts' authors told of them."""
    bring_to_followers(events)
