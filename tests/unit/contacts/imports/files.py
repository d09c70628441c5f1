"""Small CSV files in a blob store of their own."""

from pathlib import Path
from typing import Any

import pytest

from groundwork.blocks.blob.store import BlobStore
from groundwork.tasks.contacts.imports.reading.contacts_file import open_contacts
from groundwork.tasks.contacts.imports.rows.prepare import PreparedChunk
from groundwork.tasks.contacts.settings import contacts_settings


def use_settings(monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    """Set fields of the process's settings for one test, without the bounds of validation."""
    for name, value in values.items():
        monkeypatch.setitem(contacts_settings().__dict__, name, value)


class Folder:
    """A blob store in a temporary folder."""

    def __init__(self, path: Path) -> None:
        self.store = BlobStore(storage_url=f"file://{path}")

    def put(self, content: bytes | str, key: str = "contacts.csv") -> str:
        with self.store.write(key) as sink:
            sink.write(content.encode() if isinstance(content, str) else content)
        return key

    def read(self, content: bytes | str) -> list[PreparedChunk]:
        """Every chunk of a file with this content."""
        with open_contacts(self.store, self.put(content)) as file:
            return list(file.chunks())

    def rows(self, content: bytes | str) -> list[dict[str, str | None]]:
        """The accepted rows, as COPY would take them, sorted by e-mail within each chunk."""
        return [row for chunk in self.read(content) for row in rows_of(chunk)]

    def reasons(self, content: bytes | str) -> list[tuple[int, str]]:
        """Line and reason of each rejected row."""
        return [reason for chunk in self.read(content) for reason in reasons_of(chunk)]


def rows_of(chunk: PreparedChunk) -> list[dict[str, str | None]]:
    """A chunk's payload, read as PostgreSQL reads it."""
    lines = bytes(chunk.payload).decode().split("\n")[:-1]
    return [dict(zip(chunk.columns, map(_unescaped, line.split("\t")), strict=True)) for line in lines]


def reasons_of(chunk: PreparedChunk) -> list[tuple[int, str]]:
    """Line and reason of each rejected row of a chunk."""
    if chunk.rejects is None:
        return []
    return list(zip(chunk.rejects["line"].to_pylist(), chunk.rejects["reason"].to_pylist(), strict=True))


def _unescaped(cell: str) -> str | None:
    return None if cell == "\\N" else cell.replace("\\\\", "\\")
