"""The job ``detect-risk`` of the fitness application: members' figures against their workspace's thresholds."""

from groundwork.events.fitness.scoring import RiskCheckWanted
from groundwork.flows.flow_control import Batch, Debounce
from groundwork.flows.job import job
from groundwork.tasks.fitness.risks.steps import find_groups, look_for_risks


@job(on=RiskCheckWanted, light=True, lane=1, batch=Batch(size=500), debounce=Debounce(seconds=5, longest=60))
def detect_risk(events: list[RiskCheckWanted]) -> None:
    """Look at the members whose figures have changed, all of a quick succession at once."""
    for group in find_groups(events):
        look_for_risks(events[0].workspace_id, group)
