"""A whole import against the real database, and a look at what it left there."""

from typing import Any

from sqlalchemy import text

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.database import Database
from groundwork.tasks.contacts.imports.counts import ImportCounts
from groundwork.tasks.contacts.imports.reading.contacts_file import open_contacts
from groundwork.tasks.contacts.imports.reading.read_ahead import read_ahead
from groundwork.tasks.contacts.imports.rows.upsert import OnConflict, write_rows


def import_content(
    db: Database,
    store: BlobStore,
    content: str | bytes,
    *,
    import_id: str = "import-1",
    workspace_id: str = "acme",
    on_conflict: OnConflict = "update",
) -> ImportCounts:
    """Put a file into the store and import it, one transaction per chunk."""
    key = f"{import_id}.csv"
    with store.write(key) as sink:
        sink.write(content.encode() if isinstance(content, str) else content)
    counts = ImportCounts()
    with open_contacts(store, key) as file, read_ahead(file.chunks()) as chunks:
        for chunk in chunks:
            with db.transaction() as connection:
                counts += write_rows(
                    connection, chunk, workspace_id=workspace_id, import_id=import_id, on_conflict=on_conflict
                )
    return counts


def contacts_of(db: Database, workspace_id: str = "acme") -> dict[str, dict[str, Any]]:
    """The workspace's contacts by e-mail: city, tags and custom fields."""
    with db.transaction() as connection:
        rows = connection.execute(
            text("SELECT email, city, tags, custom FROM app.contact WHERE workspace_id = :w"), {"w": workspace_id}
        )
        return {row.email: {"city": row.city, "tags": row.tags, "custom": row.custom} for row in rows}
