"""Exports and imports of a realistic size through S3 servers of other makers."""

import hashlib
from collections.abc import Callable, Iterator

import httpx
import pytest
from sqlalchemy import text

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import Database
from groundwork.blocks.errors import BlobRefused
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.flows.contacts.process_csv import process_csv
from groundwork.tasks.contacts.imports.record import create_import
from tests.factories import csv_import_confirmed, delivery_of, register_job, scalar
from tests.integration.blocks.s3_proxy import Fault, Operation, s3_proxy
from tests.integration.blocks.second_s3 import SERVERS, SecondS3, second_s3
from tests.integration.contacts.exports.exporting import Exporting, add_many

ROWS = 150_000


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondS3]:
    with second_s3(request.param, tmp_path_factory.mktemp(request.param) / "buckets") as running:
        yield running


@pytest.fixture
def second(server: SecondS3, configured: Callable[..., None]) -> SecondS3:
    """The process's blob store."""
    with_bucket = server.with_bucket()
    configured(**with_bucket.variables())
    return with_bucket


def imported(db: Database, blob_path: str) -> dict:
    """The result of an import of a blob into a workspace of its own."""
    with db.transaction() as connection:
        connection.execute(
            text("INSERT INTO app.app_user (id, workspace_id, email) VALUES ('bob', 'globex', 'bob@example.com')")
        )
        create_import(
            connection,
            import_id="import-1",
            workspace_id="globex",
            user_id="bob",
            filename="contacts.csv",
            blob_path=blob_path,
        )
    register_job(db)
    event_id = send(csv_import_confirmed(workspace="globex", user="bob"))
    admit(capacity=10)
    return process_csv(delivery_id=delivery_of(db, event_id).id)


def test_what_is_exported_arrives_whole_and_is_imported_whole(exporting: Exporting, second: SecondS3):
    add_many(exporting.db, ROWS, width=200)
    exporting.ask()
    result = exporting.run()
    store = blob_store()
    content = store.read_path(result["blob_path"])
    assert len(content) > 30_000_000
    assert hashlib.sha256(content).hexdigest() == result["sha256"]
    assert store.pending_uploads() == []
    [mail] = exporting.mails()
    [link] = [word for word in mail.get_body(("plain",)).get_content().split() if word.startswith(second.endpoint)]
    assert hashlib.sha256(httpx.get(link).content).hexdigest() == result["sha256"]

    store.write_path("imports/import-1/contacts.csv", content)
    summary = imported(exporting.db, "imports/import-1/contacts.csv")
    assert (summary["status"], summary["rows"], summary["inserted"]) == ("completed", ROWS, ROWS)
    assert scalar(exporting.db, "SELECT count(*) FROM app.contact WHERE workspace_id = 'globex'") == ROWS


def test_an_export_that_is_refused_midway_leaves_nothing(exporting: Exporting, server: SecondS3, configured):
    add_many(exporting.db, 30_000, width=600)
    exporting.ask()
    with s3_proxy(server.endpoint) as proxy:
        bucket = server.with_bucket()
        configured(**bucket.variables() | {"AWS_ENDPOINT_URL_S3": proxy.url})
        proxy.fail(Operation.PART, Fault.FORBIDDEN, times=2)
        with pytest.raises(BlobRefused, match="Check the credentials"):
            exporting.run()
        assert proxy.requests[Operation.PART] >= 1
        assert list(blob_store().list()) == []
        assert blob_store().pending_uploads() == []
