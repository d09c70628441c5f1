"""The job ``calculate-score`` of the fitness application: what a member has logged becomes scores, from its day on."""

from groundwork.events.fitness.scoring import ScoreWanted
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.fitness.scores.steps import score_members


@job(on=ScoreWanted, light=True, lane=1, batch=Batch(size=500, wait=1.0))
def calculate_score(events: list[ScoreWanted]) -> None:
    """Make the scores of the members of a batch anew. Many events of one member are one calculation."""
    score_members(events)
