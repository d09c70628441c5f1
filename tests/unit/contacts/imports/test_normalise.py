"""Cells come out as the database wants them; what it cannot take is rejected with line and reason."""

import json

import pytest

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.contacts.imports.rows.normalise import MOST_CHARACTERS
from tests.unit.contacts.imports.files import Folder, use_settings


def test_emails_are_trimmed_and_lower_cased(folder: Folder) -> None:
    assert folder.rows("Email\n  Ada@Example.COM\t\n") == [{"email": "ada@example.com"}]


@pytest.mark.parametrize(
    "email",
    ["a@b.de", "first.last+tag@sub.example.com", "o'neill@example.com", "zoë@müller.example", "x_y-z@a-b.example"],
)
def test_a_valid_email_is_accepted(folder: Folder, email: str) -> None:
    assert folder.rows(f"Email\n{email}\n") == [{"email": email}]


@pytest.mark.parametrize(
    "email",
    [
        "plain",
        "@b.de",
        "a@b",
        "a@@b.de",
        "a b@c.de",
        "a@b..de",
        "a..b@c.de",
        ".a@b.de",
        "a@-b.de",
        "a@b.de-",
    ],
)
def test_an_invalid_email_is_rejected(folder: Folder, email: str) -> None:
    assert folder.reasons(f"Email,City\n{email},Ulm\n") == [(2, "invalid_email")]


def test_a_row_without_email_is_rejected_but_a_blank_row_is_ignored(folder: Folder) -> None:
    content = "Email,City\n,Ulm\n\n,\n\r\na@example.com,Bonn\n"
    (chunk,) = folder.read(content)
    assert (chunk.rows, chunk.reasons) == (2, {"missing_email": 1})


@pytest.mark.parametrize(("column", "most"), MOST_CHARACTERS.items())
def test_a_value_longer_than_its_column_is_rejected(folder: Folder, column: str, most: int) -> None:
    if column == "email":
        fitting = "é" * 32 + ("@" + "d" * 61 + ("." + "d" * 61) * 3)[: most - 32 - 8] + ".example"
        content = f"email\n{fitting}\n{fitting}s\n"
    else:
        content = f"email,{column}\na@example.com,{'é' * most}\na@example.com,{'é' * (most + 1)}\n"
    assert folder.reasons(content) == ([] if column == "phone" else [(3, f"{column}_too_long")])


def test_control_characters_are_taken_out(folder: Folder) -> None:
    (row,) = folder.rows('Email,City,Notes\na@example.com,"Bad\x07 Tölz\n(\x1bDE)","one\r\ntwo\tthree\x07"\n')
    assert row["city"] == "Bad Tölz (DE)"
    assert json.loads(row["custom"] or "") == {"Notes": "one\ntwo\tthree"}


def test_a_nul_byte_rejects_its_row_alone(folder: Folder) -> None:
    content = "Email,City\na@example.com,U\x00lm\nb@example.com,Bonn\n"
    assert [row["email"] for row in folder.rows(content)] == ["b@example.com"]
    assert folder.reasons(content) == [(2, "nul_byte")]


def test_phones_stay_as_given_but_for_a_spreadsheets_apostrophe(folder: Folder) -> None:
    content = "Email,Phone\na@example.com, +49 (30) 1234-5 \nb@example.com,'+4930\n"
    assert [row["phone"] for row in folder.rows(content)] == ["+49 (30) 1234-5", "+4930"]


def test_tags_are_split_and_each_kept_once(folder: Folder) -> None:
    content = 'Email,Tags\na@example.com,"vip; new,vip"\nb@example.com,* myContacts ::: say "" hi\\\nc@example.com,;\n'
    assert [row["tags"] for row in folder.rows(content)] == ['{"vip","new"}', r'{"myContacts","say \"\" hi\\"}', None]


def test_unknown_columns_are_json_without_empty_values(folder: Folder) -> None:
    content = 'Email,"Pl""an",Notes,Void\na@example.com,p\\ro,"say ""hi""\nthere",\nb@example.com,,,\n'
    customs = [json.loads(row["custom"] or "") for row in folder.rows(content)]
    assert customs == [{'Pl"an': "p\\ro", "Notes": 'say "hi"\nthere'}, {}]


def test_of_rows_with_one_email_the_last_filled_values_win(folder: Folder) -> None:
    content = "Email,City,Country,Tags,Plan\na@example.com,Ulm,DE,x,free\nb@example.com,,,,\nA@example.com,Bonn,,y,\n"
    (chunk,) = folder.read(content)
    assert (chunk.rows, chunk.duplicates) == (3, 1)
    assert folder.rows(content)[0] == {
        "email": "a@example.com", "city": "Bonn", "country": "DE", "tags": '{"x","y"}', "custom": '{"Plan": "free"}',
    }  # fmt: skip


def test_rows_are_sorted_by_email(folder: Folder) -> None:
    assert [row["email"] for row in folder.rows("Email\nc@x.de\na@x.de\nb@x.de\n")] == ["a@x.de", "b@x.de", "c@x.de"]


def test_a_field_of_one_megabyte_is_kept(folder: Folder) -> None:
    (row,) = folder.rows("Email,Notes\na@example.com," + "x" * 1_000_000 + "\n")
    assert len(row["custom"] or "") == 1_000_000 + len('{"Notes": ""}')


def test_ragged_rows_are_rejected_and_the_rest_goes_on(folder: Folder) -> None:
    content = "Email,City\na@example.com\nb@example.com,Ulm\nc@example.com,Ulm,DE\n\nd@example.com,Bonn,,\n"
    assert [row["email"] for row in folder.rows(content)] == ["a@example.com", "b@example.com", "d@example.com"]
    assert folder.reasons(content) == [(4, "wrong_number_of_columns")]


@pytest.mark.parametrize("chunk_bytes", [20, 64, 100_000])
def test_lines_are_those_of_the_file_whatever_the_line_ends_and_chunks(
    folder: Folder, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_settings(monkeypatch, import_chunk_bytes=chunk_bytes)
    content = (
        'Email,Notes\r\n"bad1","two\r\nlines"\r\rbad3,\nbad4\n\n"bad\n5",x\na@example.com,"a\rb\nc"\rbad6,"",\nbad7,""'
    )
    assert folder.reasons(content) == [
        (2, "invalid_email"),
        (5, "invalid_email"),
        (6, "invalid_email"),
        (8, "invalid_email"),
        (13, "invalid_email"),
        (14, "invalid_email"),
    ]


@pytest.mark.parametrize("chunk_bytes", [50, 100_000])
def test_an_unclosed_quote_is_an_error_that_names_its_line(
    folder: Folder, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_settings(monkeypatch, import_chunk_bytes=chunk_bytes)
    rows = "".join(f"u{number}@example.com,Ulm\n" for number in range(10))
    with pytest.raises(NonRetriable, match="quote that opens a field in line 12 is never closed"):
        folder.read(f'Email,City\n{rows}x@example.com,"Ulm\n{rows}')


@pytest.mark.parametrize("line", ["\n", "x\n"], ids=["blank", "ragged"])
def test_short_lines_under_a_wide_header_do_not_fill_the_memory(folder: Folder, line: str) -> None:
    header = ",".join(["Email", *[f"c{number}" for number in range(999)]])
    with pytest.raises(NonRetriable, match="From line 2 on most lines do not have the header's 1000 columns"):
        folder.read(header + "\n" + line * 1_000_000)


def test_an_endless_record_is_an_error_before_it_fills_the_memory(folder: Folder) -> None:
    with pytest.raises(NonRetriable, match=r"line 2 is never closed: .* longer than 16777216 bytes"):
        folder.read('Email,City\na@example.com,"' + "Ulm\n" * 8_000_000)
    with pytest.raises(NonRetriable, match="begins in line 3 is longer than 16777216 bytes"):
        folder.read("Email,City\n\na@example.com," + "x" * 30_000_000)
