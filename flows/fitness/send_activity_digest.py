"""The job ``send-activity-digest`` of the fitness application: "Ada and 12 others reacted", in one mail."""

from typing import Any

from groundwork.events.fitness.social import DigestWanted
from groundwork.flows.flow_control import Debounce
from groundwork.flows.job import job
from groundwork.tasks.fitness.digests.steps import close_groups, mailed


@job(on=DigestWanted, lane=5, debounce=Debounce(seconds=300, key="member_id", longest=3600))
def send_activity_digest(event: DigestWanted) -> dict[str, Any]:
    """Tell a member what there is to tell when it has been quiet for five minutes, after an hour at the latest."""
    digest = close_groups(event)
    return {"sent": mailed(digest), "groups": len(digest.groups) + digest.more, "waits_until": digest.waits_until}
