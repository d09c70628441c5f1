"""The job process-csv as a flow: a file of several chunks, and a second attempt at one that an earlier one gave up."""

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort
from sqlalchemy import text

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.errors import BlobMissing, NonRetriable
from groundwork.blocks.process_cache import forget
from groundwork.events.contacts.imports import ImportOptions
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.dead_letters import dead_letters, replay
from groundwork.flows.contacts.process_csv import process_csv
from groundwork.tasks.contacts.imports.record import create_import
from tests.factories import csv_import_confirmed, delivery_of, register_job, scalar

pytestmark = pytest.mark.usefixtures("prefect_api")
ROWS = 6_000


@pytest.fixture
def delivery(db, monkeypatch, tmp_path):
    monkeypatch.setenv("GROUNDWORK_IMPORT_CHUNK_BYTES", str(64 * 1024))
    monkeypatch.setenv("GROUNDWORK_STORAGE_URL", (tmp_path / "blobs").as_uri())
    forget()
    with db.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO app.app_user (id, workspace_id, email, name) VALUES ('ada', 'acme', 'a@example.com', 'A')"
            )
        )
        create_import(
            connection,
            import_id="import-1",
            workspace_id="acme",
            user_id="ada",
            filename="a.csv",
            blob_path="imports/import-1/a.csv",
        )
    register_job(db)
    event_id = send(csv_import_confirmed())
    admit(capacity=10)
    yield delivery_of(db, event_id)
    monkeypatch.undo()
    forget()


def put_file() -> None:
    lines = [f"u{number}@example.com,{'x' * 50}\n" for number in range(ROWS)]
    blob_store().write_path("imports/import-1/a.csv", "".join(["email,company\n", *lines]).encode())


@pytest.mark.parametrize(
    "theirs",
    ["imports/import-2/a.csv", "workspaces/globex/a.csv", "exports/7/contacts.csv", "imports/import-1/../a.csv"],
)
def test_a_neighbour_s_file_is_not_imported_whoever_made_the_record(db, delivery, theirs):
    with pytest.raises(NonRetriable, match="lies where another workspace's may"), db.transaction() as connection:
        create_import(connection, import_id="i", workspace_id="acme", user_id="ada", filename="a.csv", blob_path=theirs)
    with db.transaction() as connection:
        connection.execute(text("UPDATE app.csv_import SET blob_path = :path"), {"path": theirs})
    blob_store().write_path("imports/import-2/a.csv", b"email\nsecret@example.com\n")
    with pytest.raises(NonRetriable, match="lies where another workspace's may"):
        process_csv(delivery_id=delivery.id)
    assert scalar(db, "SELECT count(*) FROM app.contact") == 0


def test_a_place_that_the_settings_name_is_a_workspace_s_own(db, delivery, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_IMPORT_UPLOADS", "uploads/{workspace}/")
    forget()
    with db.transaction() as connection:
        connection.execute(text("UPDATE app.csv_import SET blob_path = 'uploads/acme/a.csv'"))
    blob_store().write_path("uploads/acme/a.csv", b"email\nann@example.com\n")
    assert process_csv(delivery_id=delivery.id)["inserted"] == 1


def test_the_job_obeys_what_was_chosen_and_reports_how_the_file_was_read(db, delivery):
    blob_store().write_path("imports/import-1/a.csv", b"email\n")
    process_csv(delivery_id=delivery.id)  # its lane holds one at a time
    with db.transaction() as connection:
        create_import(
            connection,
            import_id="import-2",
            workspace_id="acme",
            user_id="ada",
            filename="b.csv",
            blob_path="imports/import-2/b.csv",
        )
    content = "Title\nA^B^C\nann@example.com^Łódź^secret\nbo@example^Ulm^x\n".encode("iso-8859-2")
    blob_store().write_path("imports/import-2/b.csv", content)
    chosen = {
        "columns": {"A": "email", "#2": "custom.Home", "C": None},
        "encoding": "iso-8859-2",
        "delimiter": "^",
        "headerLine": 2,
    }
    event = csv_import_confirmed("import-2").model_copy(update={"options": ImportOptions.model_validate(chosen)})
    event_id = send(event)
    admit(capacity=10)
    summary = process_csv(delivery_id=delivery_of(db, event_id).id)
    assert (summary["inserted"], summary["reasons"]) == (1, {"invalid_email": 1})
    assert scalar(db, "SELECT custom FROM app.contact") == {"Home": "Łódź"}
    with get_client(sync_client=True) as client:
        # Of all that there are, the server gives some.
        newest = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["csv-import"])), sort=ArtifactSort.CREATED_DESC
        )
    [report] = [each.data for each in newest if "`b.csv`" in each.data]
    assert "Read as iso8859-2 (confidence 1.00), delimiter `^`, header in line 2." in report
    assert "| A | email |\n| B | custom.Home |\n| C | left out |" in report


def chunks(db) -> list[int]:
    with db.transaction() as connection:
        found = connection.execute(text("SELECT key FROM groundwork.step_ledger WHERE step = 'import-chunk'")).scalars()
        return sorted(int(key) for key in found)


def test_chunks_are_written_in_order_each_once_and_counted_together(db, delivery):
    put_file()
    summary = process_csv(delivery_id=delivery.id)
    assert (summary["status"], summary["rows"], summary["inserted"]) == ("completed", ROWS, ROWS)
    numbers = chunks(db)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) > 3
    assert scalar(db, "SELECT count(*) FROM app.contact") == ROWS
    assert scalar(
        db,
        "SELECT array_agg(CAST(key AS integer) ORDER BY written_at) = array_agg(CAST(key AS integer) ORDER BY"
        " CAST(key AS integer)) FROM groundwork.step_ledger WHERE step = 'import-chunk'",
    )


def test_an_import_that_an_attempt_gave_up_is_reopened_by_the_next(db, delivery):
    with pytest.raises(BlobMissing):
        process_csv(delivery_id=delivery.id)
    assert scalar(db, "SELECT status FROM app.csv_import") == "failed"
    put_file()
    with db.transaction() as connection:
        assert len(replay(connection, dead_letters(connection))) == 1
    admit(capacity=10)
    assert process_csv(delivery_id=delivery.id)["rows"] == ROWS
    assert scalar(db, "SELECT status || coalesce(error_log, '') FROM app.csv_import") == "completed"
