"""The preview tells how a file would be read, and what a person chose is obeyed or refused by name."""

import gzip
import io
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from groundwork.blocks.errors import NonRetriable
from groundwork.events.contacts.imports import CsvImportConfirmed, ImportOptions
from groundwork.tasks.contacts.imports.preview import preview, preview_stream, preview_upload
from groundwork.tasks.contacts.imports.reading.contacts_file import open_contacts
from tests.unit.contacts.corpus.cases import CASES, contacts_of, content_of
from tests.unit.contacts.imports.files import Folder, rows_of

CONTENT = "Contacts\n\nVorname;Mail;Notiz;E-Mail\nJörg;ja;eins;joerg@example.com\nRené;nein;zwei;rene@example.com\n"


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("contacts.csv", content)
    return packed.getvalue()


def rows(folder: Folder, content: str | bytes, **options: Any) -> list[dict[str, str | None]]:
    with open_contacts(folder.store, folder.put(content), options=ImportOptions(**options)) as file:
        return [row for chunk in file.chunks() for row in rows_of(chunk)]


def test_it_tells_encoding_delimiter_header_columns_and_why() -> None:
    found = preview(CONTENT.encode("cp1252"), complete=True)
    assert (found.encoding, found.delimiter, found.header_line) == ("cp1252", ";", 3)
    assert [(each.header, each.field) for each in found.columns] == [
        ("Vorname", "first_name"),
        ("Mail", "custom.Mail"),
        ("Notiz", "custom.Notiz"),
        ("E-Mail", "email"),
    ]
    assert found.columns[0].samples == ["Jörg", "René"]
    assert found.columns[1].why == "its cells are no addresses"
    assert found.warnings == ["The column 'Mail' is no e-mail column: its cells are no addresses."]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zipped])
def test_a_packed_file_is_looked_into(pack: Any, folder: Folder) -> None:
    content = pack(CONTENT.encode())
    assert preview_upload(folder.store, folder.put(content)).columns[3].field == "email"
    assert preview_stream(io.BytesIO(content), len(content)).columns[3].field == "email"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"BEGIN:VCARD\n", "a vCard"),
        (b"<html>", "a web page"),
        (b"", "The file is empty"),
        (gzip.compress(b"\x89PNG\r\n\x1a\n", mtime=0), "a PNG image"),
    ],
)
def test_what_is_no_csv_is_said_to_be_what_it_is(content: bytes, message: str) -> None:
    with pytest.raises(NonRetriable, match=message):
        preview_stream(io.BytesIO(content), len(content))


def test_only_the_head_of_a_large_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.write(b"Email,City\n" + b"ada@example.com,Ulm\n" * 100_000)
        file.truncate(300 * 1024 * 1024)
    with path.open("rb") as stream:
        begin = time.process_time()
        assert preview_stream(stream, path.stat().st_size).columns[0].field == "email"
        assert time.process_time() - begin < 1
        assert stream.tell() <= 3 * 1024 * 1024


@pytest.mark.parametrize("case", [name for name, case in CASES.items() if "refused" not in case])
def test_a_preview_says_what_the_import_does(folder: Folder, case: str) -> None:
    key = folder.put(content_of(case))
    found = preview_upload(folder.store, key)
    fields = {each.field for each in found.columns}
    with open_contacts(folder.store, key) as file:
        contacts = contacts_of(file.chunks())
    assert {"email", *(f"custom.{key}" for key in file.layout.custom)} - fields <= {
        f"custom.{key}" for key, at in file.layout.custom.items() if at in sum(file.layout.further.values(), ())
    }
    assert contacts.keys() or not CASES[case].get("contacts")


def test_a_warning_tells_of_lost_digits_and_of_two_delimiters() -> None:
    assert "last digits" in preview(b"Email,Phone\na@x.de,4.91705E+11\n", complete=True).warnings[0]
    assert "delimiter" in preview(b"Email,City\na@x.de;Ulm\nb@x.de;Ulm\n", complete=True).warnings[0]


def test_columns_become_what_was_chosen(folder: Folder) -> None:
    chosen = {"Notiz": "custom.Plan", "#2": None, "Vorname": "last_name"}
    [first, _] = rows(folder, CONTENT, columns=chosen)
    assert first == {"email": "joerg@example.com", "last_name": "Jörg", "custom": '{"Plan": "eins"}'}


def test_of_two_columns_for_one_field_the_first_filled_counts(folder: Folder) -> None:
    content = "a,b,c\nada@example.com,,1\n,bo@example.com,2\ncy@example.com,cy2@example.com,3\n"
    found = rows(folder, content, columns={"a": "email", "b": "email", "c": None})
    assert found == [{"email": "ada@example.com"}, {"email": "bo@example.com"}, {"email": "cy@example.com"}]


def test_a_full_name_fills_what_the_other_columns_leave_empty(folder: Folder) -> None:
    content = "Email,N,First Name\na@x.de,Ada Byron,Eva\nb@x.de,Bo Quiet,\n"
    found = rows(folder, content, columns={"N": "full_name", "First Name": "first_name"})
    assert [(row["first_name"], row["last_name"]) for row in found] == [("Eva", "Byron"), ("Bo", "Quiet")]


def test_a_chosen_encoding_that_the_file_s_mark_denies_is_refused(folder: Folder) -> None:
    with pytest.raises(NonRetriable, match="the file is no utf-8: it begins with the byte order mark of utf-16-le"):
        rows(folder, "Email\na@x.de\n".encode("utf-16"), encoding="utf-8")


def test_without_a_header_positions_are_columns(folder: Folder) -> None:
    content = "Ada,ada@example.com\nBo,bo@example.com\n"
    found = rows(folder, content, header_line="none", columns={"#1": "first_name"})
    assert found[0] == {"email": "ada@example.com", "first_name": "Ada"}


def test_encoding_delimiter_and_header_are_obeyed(folder: Folder) -> None:
    content = "Email|Email^City\nEmail^City\nada@example.com^Łódź\n".encode("iso-8859-2")
    found = rows(folder, content, encoding="iso-8859-2", delimiter="^", header_line=2)
    assert found == [{"email": "ada@example.com", "city": "Łódź"}]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": {"E-Mai": "email"}}, "no column 'E-Mai'; did you mean 'E-Mail'"),
        ({"columns": {"#5": "email"}}, "'#5' is no column: the file has 4"),
        ({"columns": {"E-Mail": None, "Mail": None}}, "No column holds e-mail addresses"),
        (
            {"columns": {"Mail": "custom.a", "Notiz": "custom.a"}},
            "'Mail' and 'Notiz' are both to be the custom field 'a'",
        ),
        ({"columns": {"Mail": "city", "#2": "country"}}, "'#2' and another name are both column 2"),
        ({"encoding": "klingon"}, "there is no encoding 'klingon'"),
        ({"header_line": 77}, "no record begins in line 77"),
    ],
)
def test_what_is_not_possible_is_refused_by_name(folder: Folder, options: dict[str, Any], message: str) -> None:
    with pytest.raises(NonRetriable, match=message):
        rows(folder, CONTENT, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"columns": {"Mail": "e-mail"}},
        {"columns": {"Mail": "custom."}},
        {"delimiter": "ab"},
        {"delimiter": '"'},
        {"header_line": 0},
        {"header_line": "first"},
    ],
)
def test_what_is_never_possible_is_refused_with_the_event(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ImportOptions(**options)


def test_nine_hundred_columns_are_previewed_and_read(folder: Folder) -> None:
    content = "Email," + ",".join(f"c{at}" for at in range(899)) + "\nada@example.com" + ",x" * 899 + "\n"
    assert len(preview(content.encode(), complete=True).columns) == 900
    [row] = rows(folder, content)
    assert (row["custom"] or "").count('"x"') == 899


def test_events_of_applications_that_choose_nothing_are_read_as_before() -> None:
    sent = {"importId": "7", "workspaceId": "acme", "userId": "ada", "options": {"onConflict": "skip"}}
    options = CsvImportConfirmed.model_validate(sent).options
    assert options == ImportOptions(on_conflict="skip")
    assert (options.columns, options.encoding, options.delimiter, options.header_line) == (None, None, None, None)
