"""Upserts into tables that have a further unique index."""

from collections.abc import Mapping
from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.exc import IntegrityError

TRIES = 4
"""Of transactions that add the same rows at once, each can be in the way once."""


def upsert(connection: Connection, statement: Executable, values: Mapping[str, Any]) -> CursorResult[Any]:
    """Execute an ``INSERT … ON CONFLICT (…) DO UPDATE`` into a table with unique indexes beside the one that it names.

    PostgreSQL guards the named index alone: a row that another transaction commits between its look there and its
    insert violates whichever index meets it first. Tried again, the statement finds that row and updates it; what
    violates an index still is another row with the same value.

    Raises:
        sqlalchemy.exc.IntegrityError: a row cannot be stored; what the transaction did before is still there.
    """
    for _ in range(TRIES - 1):
        try:
            with connection.begin_nested():
                return connection.execute(statement, values)
        except IntegrityError as error:
            if not isinstance(error.orig, UniqueViolation):
                raise
    with connection.begin_nested():
        return connection.execute(statement, values)
