"""The inbox's named statements, from the ``.sql`` files beside this one: one file per thing that is done."""

from functools import cache
from pathlib import Path

from sqlalchemy import TextClause

from blocks.sql import named_statements, statement


def inbox_statement(name: str) -> TextClause:
    """A statement by its name.

    Raises:
        KeyError: no file has it.
    """
    return statement(_file_of(name), name)


@cache
def _file_of(name: str) -> Path:
    for file in sorted(Path(__file__).parent.glob("*.sql")):
        if name in named_statements(file):
            return file
    raise KeyError(name)
