"""The job ``rescore-leads`` of the nurture app: all scores of an agency, after a night or by new thresholds."""

from typing import Any

from groundwork.events.nurture.leads import RescoreWanted
from groundwork.flows.job import job
from groundwork.tasks.nurture.leads.steps import score_page


@job(on=RescoreWanted)
def rescore_leads(event: RescoreWanted) -> dict[str, Any]:
    """Score the leads of an agency page by page; what contacts do meanwhile is scored in between."""
    scored, hot, moved = 0, 0, 0
    page = score_page(event.workspace_id, "", cold_too=event.cold_too)
    while page.last is not None:
        scored, hot, moved = scored + len(page.scores), hot + len(page.hot), moved + page.moved
        page = score_page(event.workspace_id, page.last, cold_too=event.cold_too)
    return {"scored": scored, "hot": hot, "moved": moved}
