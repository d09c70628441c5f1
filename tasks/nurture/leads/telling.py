"""What follows from a score: a lead that has become hot is told of, and the CRM hears of another band."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, func, select

from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send_many
from groundwork.events.nurture.crm import CrmPushWanted
from groundwork.events.nurture.leads import IntentScoreWanted
from groundwork.tasks.nurture.crm import note_for_crm
from groundwork.tasks.nurture.leads.scores import LeadScore, score
from groundwork.tasks.nurture.leads.totals import take_turn


class Leads(BaseModel):
    """Contacts of an agency that are to be scored, each once and in order."""

    model_config = ConfigDict(frozen=True)

    workspace_id: WorkspaceId
    contact_ids: tuple[str, ...]

    @classmethod
    def of(cls, events: Sequence[IntentScoreWanted]) -> Self:
        """Those of a batch."""
        return cls(workspace_id=events[0].workspace_id, contact_ids=tuple(sorted({each.contact_id for each in events})))


class ScoredLeads(BaseModel):
    """What became of the scores of some contacts.

    Attributes:
        scores: by contact; those that there are not are missing.
        hot: contacts that have become hot.
        moved: how many are in another band than before.
        last: the last contact in order; None where there was none.
    """

    scores: dict[str, float]
    hot: list[str]
    moved: int
    last: str | None


def score_and_tell(connection: Connection, workspace_id: WorkspaceId, contact_ids: Sequence[str]) -> ScoredLeads:
    """Score contacts as of now. Each lead that has become hot is an event, and so is each that has changed its band.

    Args:
        connection: scores and events commit with it, so that a crossing is told of exactly once.
        contact_ids: in order. Those that the workspace does not have are left out.

    Raises:
        NonRetriable: the workspace has no agency.
    """
    if not contact_ids:
        return ScoredLeads(scores={}, hot=[], moved=0, last=None)
    scoring = take_turn(connection, workspace_id)
    # The database's clock, and after the turn has come: a score is never older than the one before it.
    at: datetime = connection.execute(select(func.clock_timestamp())).scalar_one().astimezone(UTC)
    scores = score(connection, workspace_id, contact_ids, scoring=scoring, at=at)
    crossed = [each for each in scores if each.crossed]
    send_many([each.detected(workspace_id, scoring, at) for each in crossed], connection)
    moved = [each for each in scores if each.moved]
    facts = {each.contact_id: {"intent_score": each.score, "intent_band": each.band} for each in moved}
    note_for_crm(connection, workspace_id, facts)
    send_many([_push(workspace_id, each) for each in moved], connection)
    return ScoredLeads(
        scores={each.contact_id: each.score for each in scores},
        hot=[each.contact_id for each in crossed],
        moved=len(moved),
        last=contact_ids[-1],
    )


def _push(workspace_id: WorkspaceId, lead: LeadScore) -> CrmPushWanted:
    return CrmPushWanted(workspace_id=workspace_id, contact_id=lead.contact_id, reason="score")
