"""The job ``score-intent`` of the nurture app: scores of contacts who did something, and who has become hot."""

from typing import Any

from groundwork.blocks.errors import NonRetriable
from groundwork.events.nurture.leads import IntentScoreWanted
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.nurture.leads.steps import score_leads
from groundwork.tasks.nurture.leads.telling import Leads


# Its priority is that of record-engagement, for the same reason.
@job(on=IntentScoreWanted, light=True, priority=1, batch=Batch(size=1000, wait=0.5))
def score_intent(events: list[IntentScoreWanted]) -> list[Any]:
    """Score the contacts of the batch, each once. A batch and no debounce: an alert must not wait until it is quiet."""
    scored = score_leads(Leads.of(events))
    unknown = NonRetriable("contactId: the workspace has no such contact. Store it, then replay.")
    return [scored.scores.get(each.contact_id, unknown) for each in events]
