"""Agencies, voices and contacts that tests of the nurture application share."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, text

from groundwork.blocks.database import Database
from groundwork.blocks.schema.nurture.agency import agency
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.nurture.contacts import Category
from groundwork.tasks.nurture.brand_voice import BrandVoice, set_brand_voice
from groundwork.tasks.nurture.contacts.categorise import categorise
from groundwork.tasks.nurture.contacts.contact import Contact

ACME, OTHER = WorkspaceId("acme"), WorkspaceId("other")
ADA = UserId("ada")


def add_agency(db: Database, workspace_id: WorkspaceId = ACME, **columns: Any) -> None:
    """An agency with a brand voice."""
    row = {
        "workspace_id": workspace_id,
        "name": "Acme Homes",
        "website": "https://www.acme-homes.example",
        "email": "hello@acme-homes.example",
        "phone": "+44 20 7946 0123",
        "postal_address": "1 High Street\nLondon",
    }
    with db.transaction() as connection:
        connection.execute(insert(agency).values(**row | columns))
    set_voice(db, workspace_id)


def set_voice(db: Database, workspace_id: WorkspaceId = ACME, **fields: Any) -> BrandVoice:
    """Another brand voice."""
    said = {"version": 0, "tone": "warm", "sign_off": "Warm regards", "signature": "The Acme team"} | fields
    with db.transaction() as connection:
        return set_brand_voice(connection, workspace_id, BrandVoice(**said))


def contact(contact_id: str = "c-1", workspace_id: WorkspaceId = ACME, **fields: Any) -> Contact:
    said = {"email": f"{contact_id}@example.com", "first_name": "Grace", "last_name": "Hopper"} | fields
    return Contact(workspace_id=workspace_id, id=contact_id, **said)


def give(db: Database, who: Contact | None = None, category: Category = "buyer", *, at: datetime | None = None) -> bool:
    """Give a contact a category, as an application's route handler does."""
    with db.transaction() as connection:
        return categorise(connection, who or contact(), category, user_id=ADA, at=at or datetime.now(UTC))


def rows(db: Database, table: str) -> list[dict[str, Any]]:
    """All rows of a table of the application."""
    with db.transaction() as connection:
        return [
            dict(row) for row in connection.execute(text(f"SELECT * FROM nurture.{table} ORDER BY 1, 2")).mappings()
        ]


def sent_events(db: Database, name: str) -> list[dict[str, Any]]:
    """Data of the events of a name, in order."""
    query = text("SELECT data FROM groundwork.event WHERE name = :name ORDER BY id")
    with db.transaction() as connection:
        return list(connection.execute(query, {"name": name}).scalars())
