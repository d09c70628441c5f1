"""Whatever a spreadsheet writes is read as the same text."""

import pytest

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.contacts.imports.reading.encoding import detect_encoding
from tests.unit.contacts.imports.files import Folder

TEXT = "Email,Vorname,Stadt\nzoe@example.com,Zoë,Łódź\n"
WESTERN = "Email,Vorname,Stadt\nzoe@example.com,Zoë,Köln – “Süd”\n"


@pytest.mark.parametrize(
    ("content", "city"),
    [
        (TEXT.encode(), "Łódź"),
        (TEXT.encode("utf-8-sig"), "Łódź"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "Łódź"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "Łódź"),
        (TEXT.encode("utf-16-le"), "Łódź"),
        (TEXT.encode("utf-16-be"), "Łódź"),
        (WESTERN.encode("cp1252"), "Köln – “Süd”"),
    ],
    ids=["utf-8", "utf-8 with BOM", "utf-16-le with BOM", "utf-16-be with BOM", "utf-16-le", "utf-16-be", "cp1252"],
)
def test_a_file_is_read_in_its_encoding(folder: Folder, content: bytes, city: str) -> None:
    assert folder.rows(content) == [{"email": "zoe@example.com", "first_name": "Zoë", "city": city}]


def test_a_character_cut_by_a_block_of_the_transcoder_stays_whole(folder: Folder) -> None:
    rows = "".join(f"u{number}@example.com,Zoë𝄞,Łódź\n" for number in range(60_000))
    content = b"\xff\xfe" + ("Email,Vorname,Stadt\n" + "x" + rows).encode("utf-16-le")
    assert {(row["first_name"], row["city"]) for row in folder.rows(content)} == {("Zoë𝄞", "Łódź")}


def test_one_bad_byte_does_not_turn_a_utf8_file_into_windows_1252(folder: Folder) -> None:
    content = "Email,City\na@example.com,Łódź\nb@example.com,Köln\n".encode() + b"c@example.com,K\xf6ln\n"
    assert [row["city"] for row in folder.rows(content)] == ["Łódź", "Köln"]
    assert folder.reasons(content) == [(4, "invalid_encoding")]


def test_invalid_utf8_late_in_the_file_rejects_its_rows_alone(folder: Folder) -> None:
    good = b"".join(b"user%d@example.com,Ada\n" % number for number in range(60_000))
    content = (
        "Email,First Name\nzoe@example.com,Zoë\n".encode() + good + b"late@example.com,Zo\xeb\nlast@example.com,Ada\n"
    )
    assert len(folder.rows(content)) == 60_002
    assert folder.reasons(content) == [(60_003, "invalid_encoding")]


def test_a_byte_that_windows_1252_does_not_have_rejects_its_row(folder: Folder) -> None:
    content = b"Email,City\na@example.com,K\xf6ln\nb@example.com,\x81\xf6\n"
    assert [row["email"] for row in folder.rows(content)] == ["a@example.com"]
    assert folder.reasons(content) == [(3, "invalid_encoding")]


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"%PDF-1.7\n", bytes(range(256)) * 40, b"\xd0\xcf\x11\xe0rest"],
    ids=["PNG", "PDF", "random bytes", "old Excel"],
)
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(NonRetriable, match="not a CSV"):
        detect_encoding(content)


def test_a_png_named_csv_is_refused_by_its_content(folder: Folder) -> None:
    with pytest.raises(NonRetriable, match="not a CSV: it is a PNG image"):
        folder.read(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
