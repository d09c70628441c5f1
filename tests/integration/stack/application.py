"""What an application does that uses Groundwork: it has users and contacts, takes uploads, and sends events."""

import shutil
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from groundwork.blocks.beneath import private_folder
from groundwork.blocks.settings import DEVELOPMENT_EVENT_KEY
from groundwork.events.client import GatewayClient
from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import DeliveryStatus
from groundwork.tasks.contacts.imports.record import create_import
from tests.integration.stack.running import RunningStack
from tests.waiting import wait_until


class Application:
    """One workspace of an application beside a running stack.

    Args:
        stack: what it sends to.
        workspace: its workspace.
        user: its one user. Default: one who is named after the workspace.
    """

    def __init__(self, stack: RunningStack, workspace: str, user: str = "") -> None:
        self.stack = stack
        self.workspace = workspace
        self.user = user or f"user-of-{workspace}"
        self.email = f"{self.user}@example.com"
        self.gateway = GatewayClient(f"http://127.0.0.1:{stack.port}", DEVELOPMENT_EVENT_KEY)
        with stack.database.transaction() as connection:
            connection.execute(
                text(
                    "INSERT INTO app.app_user (id, workspace_id, email, name) VALUES (:id, :workspace, :email, 'Ada')"
                    " ON CONFLICT DO NOTHING"
                ),
                {"id": self.user, "workspace": workspace, "email": self.email},
            )

    def upload(self, file: Path) -> str:
        """Put a file where uploads go, and record it. Returns the import's id."""
        import_id = str(uuid4())
        key = f"imports/{import_id}/upload{''.join(file.suffixes)}"
        place = self.stack.home / "blobs" / key
        private_folder(place.parent)
        place.touch(mode=0o600)
        shutil.copyfile(file, place)
        with self.stack.database.transaction() as connection:
            create_import(
                connection,
                import_id=import_id,
                workspace_id=self.workspace,
                user_id=self.user,
                filename=file.name,
                blob_path=key,
            )
        return import_id

    def confirm(self, import_id: str) -> UUID:
        """Send the event that starts the import. Returns the event's id."""
        return self.gateway.send(
            CsvImportConfirmed(import_id=import_id, workspace_id=WorkspaceId(self.workspace), user_id=UserId(self.user))
        )

    def delivery(self, event_id: UUID) -> DeliveryStatus:
        [delivery] = self.gateway.status(event_id).deliveries
        return delivery

    def ended(self, event_id: UUID, timeout: float = 60) -> DeliveryStatus:
        """How the event's delivery ended, once it has."""

        def answer() -> DeliveryStatus | None:
            delivery = self.delivery(event_id)
            return delivery if delivery.ended else None

        return wait_until(answer, timeout, what=f"event {event_id} has ended")

    def done(self, event_id: UUID) -> DeliveryStatus:
        """The event's delivery, once it has ended well."""
        delivery = self.ended(event_id)
        assert delivery.state == "done", delivery.last_error
        return delivery

    def running(self, event_id: UUID, timeout: float = 60) -> DeliveryStatus:
        """The event's delivery, while it runs, once it has written its first rows."""

        def answer() -> DeliveryStatus | None:
            delivery = self.delivery(event_id)
            assert not delivery.ended, f"it has ended before: {delivery}"
            rows = (delivery.progress or {}).get("rows", 0)
            return delivery if delivery.state == "running" and rows else None

        return wait_until(answer, timeout, what=f"event {event_id} runs")

    def import_record(self, import_id: str) -> Any:
        """The row of the application's own table."""
        [record] = self.rows("SELECT * FROM app.csv_import WHERE id = :id", id=import_id)
        return record

    def contacts(self) -> int:
        """How many contacts the workspace has."""
        [(number,)] = self.rows("SELECT count(*) FROM app.contact WHERE workspace_id = :it", it=self.workspace)
        return int(number)

    def rows(self, sql: str, **parameters: object) -> Any:
        with self.stack.database.transaction() as connection:
            return connection.execute(text(sql), parameters).all()

    def mails(self) -> list[EmailMessage]:
        """What the workspace's user was sent."""
        return [mail for mail in _outbox(self.stack.home) if self.email in str(mail["To"])]


def _outbox(home: Path) -> Iterator[EmailMessage]:
    for path in (home / "outbox").glob("*.eml"):
        yield message_from_bytes(path.read_bytes(), policy=policy.default)  # type: ignore[misc]
