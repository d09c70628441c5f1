"""What an import leaves in the database."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.database import Database
from groundwork.tasks.contacts.imports.counts import ImportCounts
from groundwork.tasks.contacts.imports.reading.contacts_file import open_contacts
from groundwork.tasks.contacts.imports.rows.upsert import forget_skipped, write_rows
from tests.factories import scalar
from tests.integration.contacts.imports.importing import contacts_of, import_content
from tests.integration.inbox.test_long_values import incompressible
from tests.unit.contacts.imports.files import use_settings
from tests.waiting import wait_until


def test_awkward_values_arrive_as_they_are(db: Database, store: BlobStore) -> None:
    content = (
        'Email,City,Tags,"Pl""an\\"\n'
        r'a@example.com,back\slash \N \t,"""quoted"";a\b,{x}; NULL ","tab' + "\t" + r'new\nline ""q"" é 𝄞"' + "\n"
    )
    assert import_content(db, store, content) == ImportCounts(rows=1, inserted=1)
    assert contacts_of(db)["a@example.com"] == {
        "city": r"back\slash \N \t",
        "tags": ['"quoted"', r"a\b", "{x}", "NULL"],
        "custom": {'Pl"an\\': 'tab\tnew\\nline "q" é 𝄞'},
    }


def test_an_update_keeps_what_the_file_has_no_value_for(db: Database, store: BlobStore) -> None:
    import_content(db, store, "Email,City,Tags,Plan,Age\na@example.com,Ulm,x;y,free,7\n", import_id="import-1")
    counts = import_content(db, store, "Email,City,Tags,Plan\na@example.com,,y;z,pro\n", import_id="import-2")
    assert counts == ImportCounts(rows=1, updated=1)
    assert contacts_of(db) == {
        "a@example.com": {"city": "Ulm", "tags": ["x", "y", "z"], "custom": {"Plan": "pro", "Age": "7"}}
    }


def test_skip_leaves_older_contacts_alone_and_forgets_its_notes_at_the_end(db: Database, store: BlobStore) -> None:
    import_content(db, store, "Email,City\na@example.com,Ulm\n", import_id="import-1")
    content = "Email,City\na@example.com,Bonn\nb@example.com,Bonn\n"
    counts = import_content(db, store, content, import_id="import-2", on_conflict="skip")
    assert counts == ImportCounts(rows=2, inserted=1, skipped=1)
    assert contacts_of(db)["a@example.com"]["city"] == "Ulm"
    with db.transaction() as connection:
        forget_skipped(connection, "import-2")
    assert scalar(db, "SELECT count(*) FROM app.import_skipped") == 0


def test_a_contact_that_is_there_leaves_no_address_in_the_log_of_postgresql(
    db: Database, store: BlobStore, home: Path
) -> None:
    content = "Email,City\nda-di-dum@example.com,Ulm\n"
    import_content(db, store, content, import_id="import-1")
    assert import_content(db, store, content, import_id="import-2") == ImportCounts(rows=1, updated=1)
    with db.transaction() as connection, pytest.raises(ProgrammingError):
        connection.execute(text("SELECT da_di_dum"))
    log = wait_until(lambda: "da_di_dum" in (said := (home / "postgres.log").read_text()) and said, 10)
    assert "da-di-dum@example.com" not in log


def test_workspaces_do_not_see_each_other(db: Database, store: BlobStore) -> None:
    import_content(db, store, "Email,City\na@example.com,Ulm\n", workspace_id="acme")
    counts = import_content(db, store, "Email,City\na@example.com,Bonn\n", workspace_id="other", import_id="import-2")
    assert counts.inserted == 1
    assert contacts_of(db, "acme")["a@example.com"]["city"] == "Ulm"


def test_a_chunk_that_is_rolled_back_and_written_again_counts_the_same(db: Database, store: BlobStore) -> None:
    with store.write("contacts.csv") as sink:
        sink.write(b"Email\na@example.com\nb@example.com\na@example.com\n")
    with open_contacts(store, "contacts.csv") as file:
        (chunk,) = file.chunks()
    with db.engine.connect() as connection:
        first = write_rows(connection, chunk, workspace_id="acme", import_id="import-1")
        connection.rollback()
    with db.transaction() as connection:
        second = write_rows(connection, chunk, workspace_id="acme", import_id="import-1")
    assert first == second == ImportCounts(rows=3, inserted=2, duplicates=1)


def test_a_file_of_rejected_rows_writes_nothing(db: Database, store: BlobStore) -> None:
    counts = import_content(db, store, "Email,City\nbad,Ulm\nworse,Ulm,DE\n")
    assert counts == ImportCounts(rows=2, rejected=2, reasons={"invalid_email": 1, "wrong_number_of_columns": 1})
    assert contacts_of(db) == {}


def test_injected_sql_and_formulas_are_data(db: Database, store: BlobStore) -> None:
    city = "'); DROP TABLE app.contact; --"
    import_content(db, store, f"Email,City,Note\na@example.com,{city},=cmd|' /C calc'!A0\n")
    contact = contacts_of(db)["a@example.com"]
    assert (contact["city"], contact["custom"]) == (city, {"Note": "=cmd|' /C calc'!A0"})


def test_a_field_of_one_megabyte_is_stored(db: Database, store: BlobStore) -> None:
    import_content(db, store, "Email,Note\na@example.com," + "é" * 500_000 + "\n")
    assert contacts_of(db)["a@example.com"]["custom"] == {"Note": "é" * 500_000}


@pytest.mark.parametrize("on_conflict", ["update", "skip"])
def test_imports_of_the_same_contacts_at_once_do_not_deadlock(
    db: Database, store: BlobStore, on_conflict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_settings(monkeypatch, import_chunk_bytes=4_000)
    rows = [f"u{number}@example.com,Ulm\n" for number in range(2_000)]
    files = ["Email,City\n" + "".join(rows[::step]) for step in (1, -1, 1, -1)]
    results: list[ImportCounts | Exception] = []

    def work(number: int) -> None:
        try:
            results.append(
                import_content(db, store, files[number], import_id=f"import-{number}", on_conflict=on_conflict)
            )
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result for result in results if isinstance(result, Exception)] == []
    counts = sum((result for result in results if isinstance(result, ImportCounts)), ImportCounts())
    assert (counts.rows, counts.inserted, counts.updated + counts.skipped) == (8_000, 2_000, 6_000)


def test_a_later_row_of_the_file_in_another_chunk_counts_as_a_duplicate(
    db: Database, store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_settings(monkeypatch, import_chunk_bytes=40)
    content = "Email,City\n" + "".join(f"{name}@example.com,{name}\n" for name in "abcabcaaa")
    assert import_content(db, store, content) == ImportCounts(rows=9, inserted=3, duplicates=6)
    assert scalar(db, "SELECT sum(import_repeats) FROM app.contact") >= 2


def test_what_no_index_or_column_can_hold_is_a_rejected_row(db: Database, store: BlobStore) -> None:
    longest = f"{'x' * 64}@{'.'.join(letters * 61 for letters in 'abc')}.de"  # 253 characters
    content = (
        "Email,City,Plan\n"
        f"{longest},Ulm,pro\n"
        f"{incompressible(3_000)}@example.com,Ulm,pro\n"
        f"{'x' * 1_000_000}@example.com,Ulm,pro\n"
        f"nul@example.com,Ulm,a\0b\n"
        f"city@example.com,{'x' * 1_000_000},pro\n"
        f"plan@example.com,Ulm,{incompressible(20_000)}\n"
    )
    workspace = incompressible(128, seed=1)
    counts = import_content(db, store, content, workspace_id=workspace)
    assert counts.reasons == {"email_too_long": 2, "nul_byte": 1, "city_too_long": 1}
    assert set(contacts_of(db, workspace)) == {longest, "plan@example.com"}
    skipped = import_content(db, store, content, workspace_id=workspace, import_id="i" * 128, on_conflict="skip")
    assert skipped.skipped == 2


def test_a_header_that_no_json_holds_is_a_field_all_the_same(db: Database, store: BlobStore) -> None:
    content = b"Email,Pl\0an,Ta\xffriff,\x01\n" + b"a@example.com,pro,basic,x\n"
    assert import_content(db, store, content).inserted == 1
    [contact] = contacts_of(db).values()
    assert contact["custom"] == {"Plan": "pro", "Taÿriff": "basic", "Column 4": "x"}
