"""The rejects file holds what the person wrote, and nothing a spreadsheet would run."""

import csv
import io

import pytest

from groundwork.blocks.errors import BlobMissing
from groundwork.tasks.contacts.imports.reading.contacts_file import open_contacts
from groundwork.tasks.contacts.imports.rejects import join_parts, part_key, rejects_key, write_part
from tests.unit.contacts.imports.files import Folder, use_settings


def rejects_of(folder: Folder, content: str | bytes) -> list[list[str]]:
    """Every row of the rejects file of a file with this content, its header included."""
    with open_contacts(folder.store, folder.put(content)) as file:
        chunks = [chunk for chunk in file.chunks() if chunk.rejects is not None]
        for chunk in chunks:
            write_part(folder.store, "7", chunk.number, chunk.rejects)
        key = join_parts(folder.store, "7", file.layout.headers, [chunk.number for chunk in chunks])
    assert key == rejects_key("7")
    with folder.store.open(key) as stream:
        return list(csv.reader(io.StringIO(stream.read().decode(), newline="")))


@pytest.mark.parametrize("chunk_bytes", [30, 100_000])
def test_it_has_the_original_columns_then_line_and_reason(
    folder: Folder, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_settings(monkeypatch, import_chunk_bytes=chunk_bytes)
    content = 'E-Mail;City;Notes\nbad;Ulm;"a;""b"""\nok@example.com;;\nx@example.com;Bonn\ny@example.com;1;2;3\n'
    assert rejects_of(folder, content) == [
        ["E-Mail", "City", "Notes", "line", "reason"],
        ["bad", "Ulm", 'a;"b"', "2", "invalid_email"],
        ["y@example.com", "1", "2", "5", "wrong_number_of_columns", "3"],
    ]
    assert list(folder.store.list("imports/7/")) == [rejects_key("7")]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_cells_that_a_spreadsheet_would_execute_come_out_harmless(folder: Folder, start: str) -> None:
    cell = f"{start}cmd|' /C calc'!A0"
    header, wrong, ragged = rejects_of(folder, f'Email,"{cell}"\nbad,"{cell}"\n"{cell}",a,b\n')
    assert header[1] == wrong[1] == ragged[0] == f"'{cell}"


def test_undecodable_bytes_show_as_replacement_characters(folder: Folder) -> None:
    content = "Email,City\nzoë@example.com,Łódź\n".encode() + b"b@example.com,K\xf6ln\n"
    assert rejects_of(folder, content)[1][:2] == ["b@example.com", "K\ufffdln"]


def test_joining_again_after_a_crash_changes_nothing(folder: Folder) -> None:
    rejects_of(folder, "Email\nbad\n")
    before = folder.store.stat(rejects_key("7"))
    assert join_parts(folder.store, "7", ["Email"], [0]) == rejects_key("7")
    assert folder.store.stat(rejects_key("7")) == before


def test_without_rejected_rows_there_is_no_file(folder: Folder) -> None:
    assert join_parts(folder.store, "7", ["Email"], []) is None
    assert list(folder.store.list()) == []


def test_a_part_that_never_was_is_an_error(folder: Folder) -> None:
    with pytest.raises(BlobMissing):
        join_parts(folder.store, "7", ["Email"], [3])


def test_a_repeated_chunk_overwrites_its_part(folder: Folder) -> None:
    (chunk,) = folder.read("Email\nbad\n")
    assert write_part(folder.store, "7", 0, chunk.rejects) == write_part(folder.store, "7", 0, chunk.rejects)
    assert list(folder.store.list("imports/7/rejects/")) == [part_key("7", 0)]
