"""The job, run by Prefect's engine against the real database and a folder: what it leaves, and what it tells whom."""

import hashlib
import io
import re
from datetime import timedelta
from pathlib import Path

import duckdb
import pandas
import pyarrow.parquet
import pytest
from sqlalchemy import text

from groundwork.blocks.blob.link import DownloadLink
from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.schema import with_applications
from groundwork.events.contacts.columns import STANDARD_COLUMNS
from groundwork.events.identifiers import UserId
from groundwork.notifications.recipient import set_wanted
from groundwork.tasks.contacts.imports.reading.contacts_file import open_contacts
from tests.factories import delivery_of, scalar
from tests.integration.contacts.exports.exporting import (
    Exporting,
    add_contacts,
    add_many,
    cells,
    exported,
)

ADA = {"email": "ada@example.com", "first_name": "Ada", "tags": ["x", "y"], "custom": {"Plan": "pro"}}
GRACE = {"email": "grace@example.com", "city": "Ulm"}
HEADER = ["email", "first_name", "last_name", "phone", "company", "job_title", "city", "country", "tags"]


def test_a_csv_is_stored_recorded_and_mailed(exporting: Exporting, store: BlobStore):
    add_contacts(exporting.db, ADA, GRACE)
    add_contacts(exporting.db, GRACE, workspace="other")
    exporting.ask()
    result = exporting.run()
    content = store.read_path(result["blob_path"])
    assert cells(content) == [
        [*HEADER, "Plan"],
        ["ada@example.com", "Ada", "", "", "", "", "", "", "x;y", "pro"],
        ["grace@example.com", "", "", "", "", "", "Ulm", "", "", ""],
    ]
    record = exporting.record()
    assert (record.status, record.format, record.rows, record.bytes) == ("completed", "csv", 2, len(content))
    assert record.sha256 == result["sha256"] == hashlib.sha256(content).hexdigest()
    assert record.expires_at - record.finished_at == timedelta(days=7)
    assert store.pending_uploads("") == []

    [mail] = exporting.mails()
    assert mail["Subject"] == f"Your contacts are ready: contacts-acme-{record.finished_at:%Y-%m-%d}.csv"
    [token] = re.findall(r"/downloads/(\S+)", mail.get_body(("plain",)).get_content())
    link = DownloadLink.read(token)
    assert link is not None
    assert (link.key, link.filename) == (result["blob_path"], result["filename"])
    assert abs(link.expires_at - record.expires_at.timestamp()) < 10


def test_the_link_is_kept_nowhere_but_in_the_mail(exporting: Exporting, store: BlobStore):
    exporting.ask()
    exporting.run()
    [mail] = exporting.mails()
    assert "/downloads/" in mail.get_body(("plain",)).get_content()
    with exporting.db.transaction() as connection:
        for table in with_applications().sorted_tables:
            rows = connection.execute(text(f"SELECT row_to_json(it)::text FROM {table.fullname} AS it")).scalars()
            assert [row for row in rows if "/downloads/" in row] == []
    for key in store.list(""):
        assert key == exporting.record().blob_path or b"/downloads/" not in store.read_path(key)


def test_parquet_has_the_same_columns_and_tags_as_lists(exporting: Exporting, store: BlobStore):
    add_contacts(exporting.db, ADA, GRACE)
    exporting.ask()
    table = pyarrow.parquet.read_table(io.BytesIO(store.read_path(exporting.run(format="parquet")["blob_path"])))
    assert table.column_names == [*HEADER, "Plan"]
    assert table.select(["email", "tags", "Plan", "city"]).to_pylist() == [
        {"email": "ada@example.com", "tags": ["x", "y"], "Plan": "pro", "city": None},
        {"email": "grace@example.com", "tags": [], "Plan": None, "city": "Ulm"},
    ]


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_no_contact_is_a_valid_file_with_a_header(exporting: Exporting, store: BlobStore, file_format: str):
    exporting.ask()
    result = exporting.run(format=file_format)
    assert (result["rows"], exporting.record().status) == (0, "completed")
    content = store.read_path(result["blob_path"])
    if file_format == "csv":
        assert cells(content) == [HEADER]
    else:
        table = pyarrow.parquet.read_table(io.BytesIO(content))
        assert (table.num_rows, table.column_names) == (0, HEADER)


def test_a_large_file_is_uploaded_in_parts(exporting: Exporting, store: BlobStore, configured):
    configured(GROUNDWORK_EXPORT_PART_BYTES=5 * 1024 * 1024)
    add_many(exporting.db, 20_000, width=1000)
    exporting.ask()
    result = exporting.run()
    content = store.read_path(result["blob_path"])
    assert len(content) == result["bytes"] > 3 * 5 * 1024 * 1024
    assert hashlib.sha256(content).hexdigest() == result["sha256"]
    assert len(cells(content)) == 20_001
    progress = scalar(exporting.db, "SELECT progress FROM groundwork.delivery")
    assert progress == {"rows": 20_000, "bytes": len(content), "expected_rows": 20_000}


def test_nobody_is_mailed_who_turned_that_off(exporting: Exporting, store: BlobStore):
    with exporting.db.transaction() as connection:
        set_wanted(connection, UserId("ada"), "exports", False)
    exporting.ask()
    assert exporting.run()["rows"] == 0
    assert exporting.mails() == []


def test_a_filter_by_a_custom_field_that_does_not_exist_finds_nobody_and_names_those_near(exporting: Exporting):
    add_contacts(exporting.db, ADA)
    exporting.ask()
    result = exporting.run(filter={"custom": {"Plam": "pro"}})
    assert result["rows"] == 0
    [warning] = result["warnings"]
    assert warning == (
        "filter: no contact of the workspace has the custom field 'Plam'; did you mean 'Plan'? "
        "So the file has no contacts."
    )
    [mail] = exporting.mails()
    assert warning in " ".join(mail.get_body(("plain",)).get_content().split())


@pytest.mark.parametrize("contacts", [[], [ADA]], ids=["empty workspace", "one contact"])
def test_a_column_that_no_contact_has_is_empty_and_told_of(exporting: Exporting, store: BlobStore, contacts):
    add_contacts(exporting.db, *contacts)
    exporting.ask()
    result = exporting.run(columns=["email", "custom.Plam"])
    with store.open(result["blob_path"]) as stream:
        assert cells(stream.read()) == [["email", "Plam"], *([each["email"], ""] for each in contacts)]
    [warning] = result["warnings"]
    assert warning.startswith("columns: no contact of the workspace has the custom field 'Plam'; ")
    assert warning.endswith(" The column is empty.")


def test_a_file_for_excel_in_europe_comes_back(exporting: Exporting, store: BlobStore):
    add_contacts(exporting.db, ADA)
    content = exported(delimiter=";", byte_order_mark=True, headers="labels")
    assert content.startswith(b'\xef\xbb\xbf"E-mail";"First name";"Last name"')
    with store.write("again.csv") as sink:
        sink.write(content)
    with open_contacts(store, "again.csv") as file:
        assert list(file.layout.mapped) == list(STANDARD_COLUMNS)
        [chunk] = file.chunks()
    assert (chunk.rows, chunk.rejected) == (1, 0)


def test_parquet_with_odd_field_names_is_read_by_pandas_and_duckdb(exporting: Exporting, tmp_path: Path):
    odd = {
        'Pl"an': "a",
        "a,b": "b",
        "=cmd": "c",
        "two words": "d",
        "Ünïcode 😀": "e",
        "%s": "f",
        "city": "g",
        "x" * 300: "h",
        "it's; --": "i",
        "line\nbreak": "j",
        "$x:y {z}": "k",
    }
    add_contacts(exporting.db, ADA | {"custom": odd})
    file = tmp_path / "contacts.parquet"
    file.write_bytes(exported(format="parquet"))
    frame = pandas.read_parquet(file)
    assert frame.loc[0, "email"] == "ada@example.com"
    named = {"custom.city" if field == "city" else field: value for field, value in odd.items()}
    assert {field: frame.loc[0, field] for field in named} == named
    found = duckdb.read_parquet(str(file))
    [row] = found.fetchall()
    assert dict(zip(found.columns, row, strict=True)) | named == dict(zip(found.columns, row, strict=True))


def test_an_export_without_a_record_fails_at_once(exporting: Exporting, store: BlobStore):
    with pytest.raises(NonRetriable, match=r"Workspace acme has no export export-1\. Create its record"):
        exporting.run()
    assert exporting.mails() == []


def test_the_export_of_another_workspace_is_not_touched(exporting: Exporting, store: BlobStore):
    exporting.ask(workspace="other")
    with pytest.raises(NonRetriable, match="Workspace acme has no export export-1"):
        exporting.run()
    assert exporting.record().status == "pending"


def test_a_second_confirmation_fails_and_leaves_the_first_ones_file_as_it_is(exporting: Exporting, store: BlobStore):
    exporting.ask()
    result = exporting.run()
    with pytest.raises(NonRetriable, match="Export export-1 is completed, not pending"):
        exporting.run()
    assert exporting.record().status == "completed"
    assert store.exists(result["blob_path"])
    assert len(exporting.mails()) == 1


def test_the_job_ends_as_its_delivery_shows(exporting: Exporting, store: BlobStore):
    exporting.ask()
    delivery = exporting.admitted()
    from groundwork.flows.contacts.process_export import process_export

    result = process_export(delivery_id=delivery.id)
    settled = delivery_of(exporting.db, delivery.event_id)
    assert (settled.state, settled.result) == ("done", result)
