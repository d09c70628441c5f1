"""Events as an older code accepted them, which nothing has validated since."""

from typing import Any
from uuid import UUID

from groundwork.blocks.database import Database
from groundwork.events.inbox.accept import NewEvent, accept
from groundwork.events.inbox.attempt import Attempt
from groundwork.events.inbox.claim import Run, claim
from tests.factories import delivery_of, flow_run_id
from tests.integration.inbox.scored_leads import LeadScored


def stored(db: Database, data: Any, *, name: str = "test/lead.scored", workspace: str = "acme") -> UUID:
    """Store an event of this data, whatever its type says.

    Returns:
        Its id.
    """
    new = NewEvent.of(LeadScored.model_validate({"workspaceId": workspace, "leadId": "x"}), source="an older release")
    with db.transaction() as connection:
        [accepted] = accept(connection, [NewEvent(**{**vars(new), "name": name, "data": data})])
    return accepted.id


def lead(**fields: Any) -> dict[str, Any]:
    """Data that fits, but for these fields."""
    return {"workspaceId": "acme", "leadId": "ann", "score": 1} | fields


def claimed(db: Database, event_id: UUID, on: Any = LeadScored) -> Attempt:
    """Claim as a job's run does."""
    found = claim(delivery_of(db, event_id).id, Run(flow_run_id=flow_run_id()), on)
    assert found is not None
    return found
