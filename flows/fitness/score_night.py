"""The job ``score-night`` of the fitness application: every night, all scores of a workspace anew."""

from typing import Any

from groundwork.events.fitness.scoring import NightDue, RiskCheckWanted
from groundwork.events.inbox import send
from groundwork.flows.job import job
from groundwork.tasks.fitness.scores.steps import ScoresMade, find_ranges, rescore_range


@job(on=NightDue, lane=1)
def score_night(event: NightDue) -> dict[str, Any]:
    """Add the day that is over to all scores, mend those that an event has missed, and have the risks looked at."""
    made = [rescore_range(event.workspace_id, members) for members in find_ranges(event.workspace_id)]
    send(RiskCheckWanted(workspace_id=event.workspace_id))
    return sum(made, ScoresMade()).model_dump()
