"""The job ``send-activity-digests`` of the fitness application: "Ada and 12 others reacted", in one mail to each."""

from collections.abc import Sequence

from groundwork.events.fitness.social import DigestWanted
from groundwork.flows.flow_control import Batch, Debounce
from groundwork.flows.job import job
from groundwork.tasks.fitness.digests.batch import close_all


@job(on=DigestWanted, light=True, batch=Batch(size=100), debounce=Debounce(seconds=300, longest=1800))
def send_activity_digests(events: Sequence[DigestWanted]) -> list[object]:
    """Find what there is to tell a workspace's members once it has been quiet; each is mailed by a run of their own."""
    return close_all(events)
