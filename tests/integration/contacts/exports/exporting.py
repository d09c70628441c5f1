"""What an application does that exports, and what it finds afterwards."""

import csv
import io
import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlalchemy import text

from groundwork.blocks.blob.store import BlobStore, blob_store
from groundwork.blocks.database import Database
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.flows.contacts.process_export import process_export
from groundwork.tasks.contacts.exports.encode import Encoding
from groundwork.tasks.contacts.exports.record import create_export
from groundwork.tasks.contacts.exports.rows import contact_rows
from tests.factories import csv_export_confirmed, delivery_of, register_job

PART_BYTES = 5 * 1024 * 1024


def exported(part_bytes: int = PART_BYTES, **fields: Any) -> bytes:
    """The file that an event's job would store, without a job."""
    event = csv_export_confirmed(**fields)
    with contact_rows(event) as rows:
        encoding = Encoding(
            event.format,
            rows.schema,
            part_bytes=part_bytes,
            neutralise=event.neutralise_formulas,
            delimiter=event.delimiter,
            mark=event.byte_order_mark,
        )
        return b"".join(part.data for part in encoding.parts(rows.batches))


def cells(content: bytes) -> list[list[str]]:
    """The records of a CSV, as Python's own reader sees them."""
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def add_contacts(db: Database, *contacts: dict[str, Any], workspace: str = "acme") -> None:
    """Write contacts as an application does, past the importer."""
    with db.transaction() as connection:
        for contact in contacts:
            row = contact | {"workspace_id": workspace}
            if "custom" in row:
                row["custom"] = json.dumps(row["custom"])
            names = ", ".join(row)
            connection.execute(
                text(f"INSERT INTO app.contact ({names}) VALUES ({', '.join(f':{each}' for each in row)})"), row
            )


def add_many(db: Database, count: int, *, width: int = 100) -> None:
    """Contacts whose files are about ``width`` bytes a row."""
    with db.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO app.contact (workspace_id, email, company)"
                " SELECT 'acme', 'u' || n || '@example.com', repeat('x', :width) FROM generate_series(1, :count) AS n"
            ),
            {"count": count, "width": width},
        )


class Exporting:
    """One workspace with a user, and the job run as a flow in this process."""

    def __init__(self, db: Database, home: Path) -> None:
        self.db = db
        self._outbox = home / "outbox"
        self._mails_before = set(self._outbox.glob("*.eml"))
        register_job(db, "process-export", "export/csv.confirmed")
        with db.transaction() as connection:
            connection.execute(
                text("INSERT INTO app.app_user (id, workspace_id, email) VALUES ('ada', 'acme', 'ada@example.com')")
            )

    def ask(self, export_id: str = "export-1", workspace: str = "acme") -> None:
        """Make the record of an export."""
        with self.db.transaction() as connection:
            create_export(connection, export_id=export_id, workspace_id=workspace, user_id="ada")

    def run(self, **fields: Any) -> dict[str, Any]:
        """Send the event and run its job. Returns the job's result, or raises its error."""
        return process_export(delivery_id=self.admitted(**fields).id)

    def admitted(self, **fields: Any) -> Any:
        """The delivery of a new event, admitted."""
        event_id = send(csv_export_confirmed(**fields))
        admit(capacity=10)
        return delivery_of(self.db, event_id)

    def record(self, export_id: str = "export-1") -> Any:
        with self.db.transaction() as connection:
            return connection.execute(text("SELECT * FROM app.contact_export WHERE id = :id"), {"id": export_id}).one()

    def mails(self) -> list[EmailMessage]:
        """What was sent since the test began."""
        new = sorted(set(self._outbox.glob("*.eml")) - self._mails_before)
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in new]


def nothing_is_left(store: BlobStore | None = None) -> bool:
    """Whether the store has neither file nor upload of an export."""
    store = store or blob_store()
    return list(store.list("exports/")) == [] and store.pending_uploads("exports/") == []
