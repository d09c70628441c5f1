"""The job ``alert-threshold`` of the fitness application: a coach is told of a figure over its threshold."""

from typing import Any

from groundwork.events.fitness.alerts import ThresholdCrossed
from groundwork.flows.job import job
from groundwork.tasks.fitness.risks.alert_steps import tell


@job(on=ThresholdCrossed, lane=5)
def alert_threshold(event: ThresholdCrossed) -> dict[str, Any]:
    """Mail a member's coach, or the gym's owner, of a figure over its threshold: once each time."""
    return tell(event)
