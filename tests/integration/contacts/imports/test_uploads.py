"""Uploads as people make them, from the blob to the contacts."""

import gzip
import io
import zipfile

import pytest

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.database import Database
from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.contacts.imports.counts import ImportCounts
from tests.integration.contacts.imports.importing import contacts_of, import_content
from tests.unit.contacts.imports.files import use_settings

TEXT = "E-mail;Stadt;Tags\r\nZoe@Example.com;Łódź;a, b\r\n"
CONTACTS = {"zoe@example.com": {"city": "Łódź", "tags": ["a", "b"], "custom": {}}}


def _zipped(content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("contacts.csv", content)
    return target.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        b"\xff\xfe" + TEXT.encode("utf-16-le"),
        gzip.compress(TEXT.encode("utf-16")),
        _zipped(TEXT.encode()),
    ],
    ids=["UTF-8", "UTF-8 with BOM", "UTF-16", "UTF-16 in gzip", "zip"],
)
def test_the_same_contacts_arrive_from_every_packing_and_encoding(
    db: Database, store: BlobStore, content: bytes
) -> None:
    assert import_content(db, store, content) == ImportCounts(rows=1, inserted=1)
    assert contacts_of(db) == CONTACTS


def test_windows_1252_arrives_as_it_was_typed(db: Database, store: BlobStore) -> None:
    import_content(db, store, "Email,City\nzoe@example.com,Köln “Süd”\n".encode("cp1252"))
    assert contacts_of(db)["zoe@example.com"]["city"] == "Köln “Süd”"


def test_mixed_line_ends_are_all_line_ends(db: Database, store: BlobStore) -> None:
    counts = import_content(db, store, "Email,City\ra@x.de,Ulm\r\nb@x.de,Bonn\n\nc@x.de,Köln\r\r\nd@x.de,Hof")
    assert counts == ImportCounts(rows=4, inserted=4)


def test_nul_bytes_and_ragged_rows_do_not_stop_the_others(db: Database, store: BlobStore) -> None:
    counts = import_content(db, store, "Email,City\na@x.de,U\x00lm\nb@x.de,Ulm,DE\nc@x.de,Bonn\n")
    assert counts == ImportCounts(rows=3, inserted=1, rejected=2, reasons={"nul_byte": 1, "wrong_number_of_columns": 1})
    assert list(contacts_of(db)) == ["c@x.de"]


def test_chunks_before_an_unclosed_quote_stay(db: Database, store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    use_settings(monkeypatch, import_chunk_bytes=40)
    rows = "".join(f"u{number}@x.de,Ulm\n" for number in range(10))
    with pytest.raises(NonRetriable, match="line 12 is never closed"):
        import_content(db, store, f'Email,City\n{rows}z@x.de,"Ulm\n{rows}')
    assert 0 < len(contacts_of(db)) <= 10


def test_a_header_alone_imports_nothing(db: Database, store: BlobStore) -> None:
    assert import_content(db, store, "Email,City\n") == ImportCounts()
