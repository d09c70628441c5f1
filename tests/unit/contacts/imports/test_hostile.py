"""Files and options that are made to take time, or to be read as something else."""

import time

import pytest
from pydantic import ValidationError

from groundwork.blocks.errors import NonRetriable
from groundwork.events.contacts.imports import ImportOptions
from groundwork.tasks.contacts.imports.preview import preview
from tests.unit.contacts.imports.files import Folder

LONG = 120_000
"""Characters of a cell: below the csv module's limit. What grows with the square of it takes minutes."""
SECONDS = 5


@pytest.mark.parametrize(
    "cell",
    [
        "a" * LONG,
        "a@" + "." * LONG,
        "a@" * (LONG // 2),
        "(" * LONG,
        "<" * LONG,
        " " * LONG + "x",
        "1;" * (LONG // 2) + "x",
        "1 " * (LONG // 2) + ";1",
        "é" + "a" * LONG,
    ],
    ids=["letters", "dots", "signs", "brackets", "angles", "spaces", "numbers", "digits", "accent"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_long_cell_takes_no_longer_than_its_length(folder: Folder, cell: str, encoding: str) -> None:
    content = f"Email,Phone,Name,Tags\n{cell},{cell},{cell},{cell}\nada@example.com,1,Ada,x\n".encode(encoding)
    started = time.process_time()
    preview(content, complete=True)
    folder.read(content)
    assert time.process_time() - started < SECONDS


def test_a_thousand_choices_are_looked_up_at_once() -> None:
    headers = [f"A column of many words, of which this is number {at:04} of them" for at in range(999)]
    content = ",".join(f'"{each}"' for each in [*headers, "Email"]) + "\n"
    columns = {each.upper(): f"custom.c{at}" for at, each in enumerate(headers)}
    started = time.process_time()
    with pytest.raises(NonRetriable, match="and another name are both column"):
        # Their words are alike, but for numbers, which do not count.
        preview(content.encode(), ImportOptions(columns=columns), complete=True)
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("encoding", ["idna", "punycode", "undefined", "unicode_escape", "rot13", "zlib", "klingon"])
def test_a_codec_that_reads_no_files_is_no_encoding(encoding: str) -> None:
    with pytest.raises(NonRetriable, match="there is no encoding"):
        preview(b"Email\n", ImportOptions(encoding=encoding), complete=True)


@pytest.mark.parametrize(
    "options", [{"encoding": "a\0b"}, {"encoding": "../x"}, {"columns": {"x" * 1001: None}}, {"columns": {"": "email"}}]
)
def test_options_are_limited_where_they_come_in(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ImportOptions.model_validate(options)
