"""The corpus: files as people really have them, each with what it has to come to."""

import csv
import io
import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from groundwork.tasks.contacts.imports.rows.prepare import PreparedChunk
from tests.unit.contacts.imports.files import rows_of

HERE = Path(__file__).parent
CASES: dict[str, dict[str, Any]] = tomllib.loads((HERE / "expected.toml").read_text())


def content_of(case: str) -> bytes:
    """The file of a case, as it was uploaded."""
    [path] = (HERE / "files").glob(f"{case}.*")
    return path.read_bytes()


def contacts_of(chunks: Iterable[PreparedChunk]) -> dict[str, dict[str, Any]]:
    """The accepted rows by e-mail, as PostgreSQL reads what COPY is given."""
    return {row["email"] or "": _contact(row) for chunk in chunks for row in rows_of(chunk)}


def _contact(row: dict[str, str | None]) -> dict[str, Any]:
    custom = json.loads(row.get("custom") or "{}")
    return row | {"custom": custom, "tags": _array(row.get("tags"))}


def _array(text: str | None) -> list[str]:
    """The members of a PostgreSQL array whose members are all in quotes."""
    if not text:
        return []
    return next(csv.reader(io.StringIO(text[1:-1]), escapechar="\\", doublequote=False))
