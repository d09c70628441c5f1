"""Named SQL: statements live in a ``.sql`` file beside the code that runs them, each under ``-- name: …``."""

import re
from functools import lru_cache
from pathlib import Path

from sqlalchemy import TextClause, text

_HEADER = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@lru_cache
def named_statements(path: Path) -> dict[str, str]:
    """Statements of a ``.sql`` file by name.

    Args:
        path: the file; every statement in it follows a line ``-- name: statement_name``.

    Raises:
        ValueError: two statements of the file share a name.
    """
    parts = _HEADER.split(path.read_text(encoding="utf-8"))[1:]
    names, bodies = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{path.name}: two statements share a name; names are {sorted(names)}")
    return {name: body.strip().rstrip(";") for name, body in zip(names, bodies, strict=True)}


@lru_cache
def statement(path: Path, name: str) -> TextClause:
    """One named statement of a file, ready for ``Connection.execute`` with ``:parameter`` binds."""
    return text(named_statements(path)[name])
