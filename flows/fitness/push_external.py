"""The job ``push-external`` of the fitness application: scores and alerts go to the workspace's own endpoint."""

from typing import Any

from groundwork.events.fitness.sync import ExternalPushWanted
from groundwork.flows.flow_control import Lane
from groundwork.flows.job import job
from groundwork.tasks.fitness.pushes.steps import push_to_endpoint, tell_owner_once


@job(on=ExternalPushWanted, lane=(5, Lane(1, key="member_id")), keeps_place=True)
def push_external(event: ExternalPushWanted) -> dict[str, Any]:
    """Push one score or alert. Those of a member go in order, also past one that has to be tried again."""
    pushed = push_to_endpoint(event)
    told = pushed.paused and tell_owner_once(event.workspace_id)
    return pushed.model_dump() | {"owner_told": told}
