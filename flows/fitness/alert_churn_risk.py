"""The job ``alert-churn-risk`` of the fitness application: a coach is told of a member who comes less and less."""

from typing import Any

from groundwork.events.fitness.alerts import ChurnRiskDetected
from groundwork.flows.job import job
from groundwork.tasks.fitness.risks.alert_steps import tell


@job(on=ChurnRiskDetected, lane=5)
def alert_churn_risk(event: ChurnRiskDetected) -> dict[str, Any]:
    """Mail a member's coach, or the gym's owner, that the member comes less and less: once each time."""
    return tell(event)
