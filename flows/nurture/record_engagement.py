"""The job ``record-engagement`` of the nurture app: what contacts do is stored, and added to what it sums to."""

from typing import Any

from groundwork.events.nurture.leads import EngagementRecorded
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.nurture.leads.engagement import EngagementBatch
from groundwork.tasks.nurture.leads.steps import store_engagements


# Before the agency's own imports, as a hot lead comes of it. Not interactive: opens come all day, and bulk runs of all
# workspaces would give way to them all day.
@job(on=EngagementRecorded, light=True, priority=1, batch=Batch(size=1000, wait=0.5))
def record_engagement(events: list[EngagementRecorded]) -> list[Any]:
    """Store what contacts of an agency did, each engagement once, and ask for the scores that it changes."""
    return list(store_engagements(EngagementBatch.of(events)).of_each_event())
