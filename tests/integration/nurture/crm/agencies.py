"""Agencies, their contacts, and runs of the CRM's jobs, for tests."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from groundwork.blocks.database import Database
from groundwork.blocks.schema.nurture.agency import agency
from groundwork.blocks.schema.nurture.contact import contact
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.events.nurture.crm import CrmPushWanted
from groundwork.flows.job import flow_of
from groundwork.flows.nurture import push_to_crm  # noqa: F401 - registers the job
from tests.factories import delivery_of, register_job

ACME = WorkspaceId("acme")
EVENTS = "SELECT workspace_id, data FROM groundwork.event ORDER BY accepted_at, id"


def register_jobs(db: Database) -> None:
    """Tell the inbox of both jobs; a batch waits for nobody."""
    register_job(db, "push-to-crm", "crm/sync.push", batch_size=100)
    register_job(db, "apply-crm-change", "crm/contact.changed", batch_size=100)


def add_agency(db: Database, workspace: str = "acme", **columns: Any) -> None:
    row = {
        "workspace_id": workspace,
        "name": workspace.title(),
        "website": f"https://{workspace}.example",
        "email": f"hello@{workspace}.example",
        "postal_address": "1 High Street",
    }
    with db.transaction() as connection:
        connection.execute(insert(agency).values(**row | columns))


def add_contact(db: Database, contact_id: str = "c1", workspace: str = "acme", **columns: Any) -> None:
    row = {
        "workspace_id": workspace,
        "id": contact_id,
        "email": f"{contact_id}@example.com",
        "first_name": "Ada",
        "category": "vendor",
        "categorised_at": datetime(2026, 11, 27, 23, 30, tzinfo=UTC),
    }
    with db.transaction() as connection:
        connection.execute(insert(contact).values(**row | columns))


def change(db: Database, contact_id: str = "c1", **columns: Any) -> None:
    """Change a contact here, as the application does."""
    with db.transaction() as connection:
        connection.execute(
            contact.update()
            .where(contact.c.workspace_id == "acme", contact.c.id == contact_id)
            .values(**columns, updated_at=datetime.now(UTC))
        )


def the_contact(db: Database, contact_id: str = "c1") -> Any:
    with db.transaction() as connection:
        return connection.execute(contact.select().where(contact.c.id == contact_id)).one()


def rows(db: Database, query: str) -> list[Any]:
    with db.transaction() as connection:
        return list(connection.execute(text(query)).all())


def push(db: Database, *contact_ids: str, reason: Any = "category") -> list[Any]:
    """Have contacts pushed in one run; the deliveries, in order."""
    return run(db, [CrmPushWanted(workspace_id=ACME, contact_id=each, reason=reason) for each in contact_ids])


def run(db: Database, events: Sequence[Event]) -> list[Any]:
    """Send events and run what is admitted of them; the deliveries, in order."""
    ids = sent(events)
    for each in admit(100):
        flow: Any = flow_of(each.job)
        flow(delivery_id=each.id, return_state=True)
    return [delivery_of(db, each) for each in ids]


def sent(events: Sequence[Event]) -> list[UUID]:
    return [send(each) for each in events]
