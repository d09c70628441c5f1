"""A run dies or is cancelled in the middle of an export. No half file and no dangling upload is left."""

import hashlib
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from groundwork.blocks.blob.store import BlobStore
from groundwork.events.contacts.exports import CsvExportConfirmed
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import DeliveryStatus
from groundwork.tasks.contacts.exports.record import create_export
from tests.chaos.run_process import cancel, kill
from tests.integration.stack.application import Application
from tests.integration.stack.running import RunningStack
from tests.waiting import wait_until

ROWS = 200_000
"""At 1,000 bytes and more each they take several seconds and a dozen parts."""


@pytest.fixture(scope="module")
def full_workspace(stack: RunningStack) -> str:
    """A workspace whose export takes a while."""
    stack.ensure_running()
    with stack.database.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO app.contact (workspace_id, email, company)"
                " SELECT :workspace, 'u' || n || '@example.com', repeat(md5(n::text), 32)"
                " FROM generate_series(1, :rows) AS n"
            ),
            {"workspace": "full", "rows": ROWS},
        )
    return "full"


@pytest.fixture
def full(stack: RunningStack, full_workspace: str, request: pytest.FixtureRequest) -> Application:
    """That workspace, with a user of the test's own."""
    stack.ensure_running()
    return Application(stack, full_workspace, request.node.name[:40])


def store_of(application: Application) -> BlobStore:
    return BlobStore(storage_url=(application.stack.home / "blobs").as_uri())


def ask(application: Application) -> tuple[str, UUID]:
    """Ask for an export. Returns its id and its event's."""
    export_id = str(uuid4())
    with application.stack.database.transaction() as connection:
        create_export(connection, export_id=export_id, workspace_id=application.workspace, user_id=application.user)
    event = CsvExportConfirmed(
        export_id=export_id, workspace_id=WorkspaceId(application.workspace), user_id=UserId(application.user)
    )
    return export_id, application.gateway.send(event)


def record_of(application: Application, export_id: str) -> Any:
    [record] = application.rows("SELECT * FROM app.contact_export WHERE id = :id", id=export_id)
    return record


def uploads(application: Application, export_id: str) -> list[tuple[str, str]]:
    return store_of(application).pending_uploads(f"exports/{export_id}/")


def in_the_middle(application: Application, export_id: str, event_id: UUID, attempt: int) -> DeliveryStatus:
    """The delivery, once this attempt has begun its upload and stored a part of it."""
    key = f"exports/{export_id}/{attempt}.csv"
    partial = application.stack.home / "blobs"

    def uploading() -> bool:
        return any(
            upload_key == key and _stored(partial, upload_id)
            for upload_key, upload_id in uploads(application, export_id)
        )

    wait_until(uploading, 60, what=f"attempt {attempt} uploads")
    delivery = application.delivery(event_id)
    assert (delivery.state, delivery.attempt) == ("running", attempt)
    return delivery


def _stored(store: Path, upload_id: str) -> bool:
    """Whether the upload has a part."""
    return any(file.stat().st_size for file in store.glob(f".*/**/{upload_id}/parts"))


def test_an_export_killed_in_the_middle_of_its_upload_begins_anew_and_leaves_one_whole_file(full: Application):
    export_id, event_id = ask(full)
    kill(full, in_the_middle(full, export_id, event_id, attempt=1))
    ended = full.done(event_id)
    assert ended.attempt == 2
    assert ended.result["rows"] == ROWS
    store = store_of(full)
    content = store.read_path(ended.result["blob_path"])
    assert hashlib.sha256(content).hexdigest() == ended.result["sha256"]
    assert content.count(b"\n") == ROWS + 1
    assert list(store.list(f"exports/{export_id}/")) == [ended.result["blob_path"]]
    assert uploads(full, export_id) == []
    assert record_of(full, export_id).status == "completed"
    assert len(full.mails()) == 1


def test_an_export_whose_runs_all_die_leaves_nothing_and_the_user_is_told(full: Application):
    export_id, event_id = ask(full)
    for attempt in (1, 2, 3):
        kill(full, in_the_middle(full, export_id, event_id, attempt))
    ended = full.ended(event_id)
    assert (ended.state, ended.attempt) == ("failed", 3)
    [mail] = wait_until(full.mails, 30)
    assert mail["Subject"] == "Export failed"
    assert record_of(full, export_id).status == "failed"
    assert uploads(full, export_id) == []
    assert list(store_of(full).list(f"exports/{export_id}/")) == []


def test_a_cancelled_export_leaves_nothing(full: Application):
    export_id, event_id = ask(full)
    running = in_the_middle(full, export_id, event_id, attempt=1)
    cancel(full, running)
    assert full.ended(event_id).state == "cancelled"
    wait_until(lambda: record_of(full, export_id).status == "cancelled", 30)
    wait_until(lambda: uploads(full, export_id) == [], 30)
    assert list(store_of(full).list(f"exports/{export_id}/")) == []
    assert full.mails() == []
