"""The job ``fan-out-reactions`` of the fitness application: reactions come into followers' feeds."""

from groundwork.events.fitness.social import ReactionAdded
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.fitness.feed.steps import fan_out_reactions as bring_to_followers


@job(on=ReactionAdded, light=True, batch=Batch(size=1000, wait=0.5))
def fan_out_reactions(events: list[ReactionAdded]) -> None:
    """Bring reactions to the followers of their actors, and have the posts' authors told of them."""
    bring_to_followers(events)
