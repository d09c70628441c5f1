"""The steps of engagement and scores."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, func, select

from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send_many
from groundwork.events.nurture.crm import CrmPushWanted
from groundwork.events.nurture.leads import IntentScoreWanted, RescoreWanted
from groundwork.tasks.nurture.leads.engagement import EngagementBatch, StoredEngagements, digest_of, store_batch
from groundwork.tasks.nurture.leads.scores import LeadScore, contacts_after, score, workspaces_that_may_cool
from groundwork.tasks.nurture.leads.totals import take_turn
from groundwork.tasks.step import step

PAGE = 5_000
"""Contacts that are scored in one transaction. Too many: engagement of the agency waits for it."""


class Leads(BaseModel):
    """Contacts of an agency that are to be scored, each once and in order."""

    model_config = ConfigDict(frozen=True)

    workspace_id: WorkspaceId
    contact_ids: tuple[str, ...]

    @classmethod
    def of(cls, events: Sequence[IntentScoreWanted]) -> Self:
        """Those of a batch."""
        return cls(workspace_id=events[0].workspace_id, contact_ids=tuple(sorted({each.contact_id for each in events})))

    @property
    def digest(self) -> str:
        """Names them: the ledger's keys are short."""
        return digest_of(self.contact_ids)


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


@step(ledger=True, key=("batch.digest",))
def store_engagements(connection: Connection, batch: EngagementBatch) -> StoredEngagements:
    """Store a batch, add it to the totals, and ask for the score of each contact that did something new."""
    stored = store_batch(connection, batch)
    workspace_id = batch.events[0].workspace_id
    wanted = [IntentScoreWanted(workspace_id=workspace_id, contact_id=each) for each in stored.contact_ids]
    send_many(wanted, connection)
    return stored


@step(ledger=True, key=("leads.digest",))
def score_leads(connection: Connection, leads: Leads) -> ScoredLeads:
    """Score contacts as of now. A lead that becomes hot is told of, and the CRM hears of each that changes its band."""
    return _scored(connection, leads.workspace_id, list(leads.contact_ids))


@step(ledger=True)
def score_page(connection: Connection, workspace_id: WorkspaceId, after: str, *, cold_too: bool) -> ScoredLeads:
    """Score the next contacts of a workspace, in order of their ids."""
    found = contacts_after(connection, workspace_id, after, PAGE, cold_too=cold_too)
    return _scored(connection, workspace_id, found)


@step(ledger=True)
def ask_for_scores(connection: Connection) -> int:
    """Ask every workspace whose leads may cool for its scores.

    Returns:
        How many workspaces there are.
    """
    wanted = [RescoreWanted(workspace_id=each, cold_too=False) for each in workspaces_that_may_cool(connection)]
    send_many(wanted, connection)
    return len(wanted)


def _scored(connection: Connection, workspace_id: WorkspaceId, contact_ids: list[str]) -> ScoredLeads:
    if not contact_ids:
        return ScoredLeads(scores={}, hot=[], moved=0, last=None)
    scoring = take_turn(connection, workspace_id)
    # The database's clock, and after the turn has come: a score is never older than the one before it.
    at: datetime = connection.execute(select(func.clock_timestamp())).scalar_one().astimezone(UTC)
    scores = score(connection, workspace_id, contact_ids, scoring=scoring, at=at)
    crossed = [each for each in scores if each.crossed]
    send_many([each.detected(workspace_id, scoring, at) for each in crossed], connection)
    moved = [each for each in scores if each.moved]
    send_many([_push(workspace_id, each) for each in moved], connection)
    return ScoredLeads(
        scores={each.contact_id: each.score for each in scores},
        hot=[each.contact_id for each in crossed],
        moved=len(moved),
        last=contact_ids[-1],
    )


def _push(workspace_id: WorkspaceId, lead: LeadScore) -> CrmPushWanted:
    return CrmPushWanted(workspace_id=workspace_id, contact_id=lead.contact_id, reason="score")
