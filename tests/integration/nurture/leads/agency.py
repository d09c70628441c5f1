"""An agency with contacts, what they do, and what is known of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert, text, update

from groundwork.blocks.database import Database
from groundwork.blocks.schema.nurture.agency import agency
from groundwork.blocks.schema.nurture.contact import contact
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.nurture.leads import EngagementRecorded
from groundwork.tasks.nurture.leads.engagement import EngagementBatch, store_batch
from groundwork.tasks.nurture.leads.telling import score_and_tell

ACME, GLOBEX = WorkspaceId("acme"), WorkspaceId("globex")
NO_QUIET = {"quiet_from": time(0), "quiet_until": time(0)}
_numbers = count(1)


def add_agency(db: Database, workspace: WorkspaceId = ACME, contacts: Sequence[str] = ("c1",), **columns: Any) -> None:
    """An agency that may always be disturbed, with contacts."""
    row = {
        "workspace_id": workspace,
        "name": "Harbour & Hill",
        "website": "https://harbour.example",
        "email": "hello@harbour.example",
        "postal_address": "1 Quay, Bristol",
    }
    with db.transaction() as connection:
        connection.execute(insert(agency).values(row | NO_QUIET | columns))
    for each in contacts:
        add_contact(db, each, workspace)


def add_contact(db: Database, contact_id: str, workspace: WorkspaceId = ACME, **columns: Any) -> None:
    row = {"workspace_id": workspace, "id": contact_id, "email": f"{contact_id}@example.com", "first_name": "Grace"}
    with db.transaction() as connection:
        connection.execute(insert(contact).values(row | columns))


def change_agency(db: Database, workspace: WorkspaceId = ACME, **columns: Any) -> None:
    with db.transaction() as connection:
        connection.execute(update(agency).where(agency.c.workspace_id == workspace).values(columns))


def engaged(kind: str = "open", contact_id: str = "c1", days_ago: float = 0.0, **fields: Any) -> EngagementRecorded:
    """Something that a contact did."""
    wire = {
        "workspace_id": ACME,
        "engagement_id": f"e{next(_numbers)}",
        "contact_id": contact_id,
        "kind": kind,
        "channel": "email",
        "occurred_at": datetime.now(UTC) - timedelta(days=days_ago),
    }
    return EngagementRecorded.model_validate(wire | fields)


def rows(db: Database, query: str, **parameters: Any) -> list[Any]:
    with db.transaction() as connection:
        return list(connection.execute(text(query), parameters))


def score_of(db: Database, contact_id: str = "c1", workspace: WorkspaceId = ACME) -> Any:
    """The row of a contact's score; None where there is none."""
    query = "SELECT * FROM nurture.lead_score WHERE workspace_id = :workspace AND contact_id = :contact"
    return next(iter(rows(db, query, workspace=workspace, contact=contact_id)), None)


def add_stored(db: Database, *engagements: EngagementRecorded) -> None:
    """Store what contacts did, as the job does."""
    with db.transaction() as connection:
        store_batch(connection, EngagementBatch.of(engagements))


def heat(db: Database, contact_id: str = "c1") -> None:
    """Let a contact of acme become hot, and the event of it be sent."""
    add_stored(db, engaged("valuation-request", contact_id), engaged("reply", contact_id))
    with db.transaction() as connection:
        assert score_and_tell(connection, ACME, [contact_id]).hot == [contact_id]
