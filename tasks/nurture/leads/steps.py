"""The steps of engagement and scores."""

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send_many
from groundwork.events.nurture.leads import IntentScoreWanted, RescoreWanted
from groundwork.tasks.nurture.leads.engagement import EngagementBatch, StoredEngagements, store_batch
from groundwork.tasks.nurture.leads.scores import contacts_after, workspaces_that_may_cool
from groundwork.tasks.nurture.leads.telling import Leads, ScoredLeads, score_and_tell
from groundwork.tasks.step import step

PAGE = 5_000
"""Contacts that are scored in one transaction. Too many: engagement of the agency waits for it."""


# The results of these two are not kept. A repeat does no harm, as what is stored is known by its id and a crossing by
# its number; and a replay shall look anew, as for a contact that was not there.


@step(memoise=False)
def store_engagements(batch: EngagementBatch) -> StoredEngagements:
    """Store a batch, add it to the totals, and ask for the score of each contact that did something new."""
    workspace_id = batch.events[0].workspace_id
    with database().transaction() as connection:
        stored = store_batch(connection, batch)
        wanted = [IntentScoreWanted(workspace_id=workspace_id, contact_id=each) for each in stored.contact_ids]
        send_many(wanted, connection)
    return stored


@step(memoise=False)
def score_leads(leads: Leads) -> ScoredLeads:
    """Score contacts as of now. A lead that becomes hot is told of, and the CRM hears of each that changes its band."""
    with database().transaction() as connection:
        return score_and_tell(connection, leads.workspace_id, leads.contact_ids)


@step(ledger=True)
def score_page(connection: Connection, workspace_id: WorkspaceId, after: str, *, cold_too: bool) -> ScoredLeads:
    """Score the next contacts of a workspace, in order of their ids."""
    found = contacts_after(connection, workspace_id, after, PAGE, cold_too=cold_too)
    return score_and_tell(connection, workspace_id, found)


@step(ledger=True)
def ask_for_scores(connection: Connection, asker: WorkspaceId) -> int:
    """Ask every workspace whose leads may cool for its scores; where it is not the platform that asks, its own only.

    Returns:
        How many workspaces there are.
    """
    wanted = [RescoreWanted(workspace_id=each, cold_too=False) for each in workspaces_that_may_cool(connection, asker)]
    send_many(wanted, connection)
    return len(wanted)
