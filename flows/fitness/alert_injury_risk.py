"""The job ``alert-injury-risk`` of the fitness application: a coach is told of a load or a recovery out of its band."""

from typing import Any

from groundwork.events.fitness.alerts import InjuryRiskDetected
from groundwork.flows.job import job
from groundwork.tasks.fitness.risks.alert_steps import tell


@job(on=InjuryRiskDetected, lane=5)
def alert_injury_risk(event: InjuryRiskDetected) -> dict[str, Any]:
    """Mail a member's coach, or the gym's owner, of a load or a recovery out of its band: once each time."""
    return tell(event)
