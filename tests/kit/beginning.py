"""How the database was before the first test: the jobs, and what migrations put into tables."""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from groundwork.blocks.database import Database

_SCHEMA = "groundwork_beginning"
_PATIENCE = "10s"
_TABLES = f"""
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema', '{_SCHEMA}') AND tablename NOT LIKE 'alembic_version%'
    ORDER BY 1
"""
_COLUMNS = """
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
_SEQUENCES = """
    SELECT format('%I.%I', schemaname, sequencename) AS name, last_value FROM pg_sequences WHERE last_value IS NOT NULL
"""


@dataclass(frozen=True)
class Beginning:
    """The rows that there were.

    Attributes:
        tables: every table but those of Alembic.
        kept: tables that had rows, each with the table that keeps these and the columns that are written.
        numbers: how far sequences had got.
    """

    tables: tuple[str, ...]
    kept: dict[str, tuple[str, str]]
    numbers: dict[str, int]

    @classmethod
    def of(cls, database: Database) -> Self:
        """The database as it is now. Keeps a copy of its rows in it."""
        with database.transaction() as connection:
            connection.execute(text(f"CREATE SCHEMA {_SCHEMA}"))
            tables = tuple(connection.execute(text(_TABLES)).scalars())
            kept = {}
            for number, table in enumerate(_used(connection, tables)):
                copy = f"{_SCHEMA}.rows_{number}"
                columns = connection.execute(text(_COLUMNS), {"table": table}).scalar_one()
                connection.execute(text(f"CREATE TABLE {copy} AS SELECT {columns} FROM {table}"))
                kept[table] = (copy, columns)
            numbers = {row.name: row.last_value for row in connection.execute(text(_SEQUENCES))}
        return cls(tables, kept, numbers)

    def restore(self, database: Database) -> None:
        """Let every table be as it was.

        Raises:
            RuntimeError: a transaction is open that has written to one of them.
        """
        try:
            with database.transaction() as connection:
                self._restore(connection)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != "55P03":
                raise
            raise RuntimeError(
                "the tables cannot be emptied for this test: a transaction of an earlier one is still open after "
                f"{_PATIENCE}. End it there: use `with database().transaction():`, or close the session in a fixture."
            ) from None

    def _restore(self, connection: Connection) -> None:
        connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
        used = _used(connection, self.tables)
        if used:
            # To empty all of them takes many times as long as to empty those that a test has written to.
            connection.execute(text(f"TRUNCATE {', '.join({*used, *self.kept})} RESTART IDENTITY CASCADE"))
        # References need not lead anywhere until all rows are back.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table, (copy, columns) in self.kept.items():
            connection.execute(
                text(f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {copy}")
            )
        for name, value in self.numbers.items():
            connection.execute(text("SELECT setval(CAST(:name AS regclass), :value)"), {"name": name, "value": value})


def _used(connection: Connection, tables: tuple[str, ...]) -> list[str]:
    """Those that have rows."""
    if not tables:
        return []
    asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)
    return list(connection.execute(text(asked)).scalars())
