"""The job ``age-scores`` of the nurture app: every night, scores of leads that nothing happens to decay."""

from typing import Any

from groundwork.events.nurture.leads import NightPassed
from groundwork.flows.job import job
from groundwork.tasks.nurture.leads.steps import ask_for_scores


@job(on=NightPassed)
def age_scores(event: NightPassed) -> dict[str, Any]:
    """Ask each agency with a warm or hot lead for its scores; each is then a delivery of its own, in its own lane."""
    return {"workspaces": ask_for_scores(event.workspace_id)}
