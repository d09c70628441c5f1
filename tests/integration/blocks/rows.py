"""A row in every table of a schema, whatever its columns are."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, MetaData, Table, insert, types
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

_STATUS = {"delivery": "running"}
"""Columns with a check take what all of their tables know: ``pending``, or the value of this table."""
_KIND = {"mail_bounce": "hard"}
"""The same of the column ``kind``, whose other tables take any text."""


def fill(connection: Connection, *schemas: str) -> None:
    """Write a row with a value in every column into each table that has none; those that others refer to go first."""
    found = MetaData()
    for schema in schemas:
        found.reflect(connection, schema=schema)
    for table in found.sorted_tables:
        if table.name.startswith("migration") or connection.execute(table.select().limit(1)).first():
            continue
        connection.execute(insert(table).values({column.name: _value(table, column) for column in _written(table)}))


def _written(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if column.identity is None]


def _value(table: Table, column: Column[Any]) -> Any:
    if column.name in ("state", "status"):
        return _STATUS.get(table.name, "pending")
    if column.name == "kind" and table.name in _KIND:
        return _KIND[table.name]
    match column.type:
        case types.Boolean():
            return False
        case types.Uuid():
            return UUID(int=7)
        case JSONB():
            return {"seven": 7}
        case ARRAY():
            return ["seven"]
        case types.DateTime():
            return datetime(2026, 11, 7, 7, 7, 7, tzinfo=UTC)
        case types.Integer() | types.Float():
            return 7
        case _:
            return "seven"
