"""The upsert: a prepared chunk into ``app.contact``, by COPY and an insert, or an upsert where contacts are there."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import sql
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.tasks.contacts.imports.counts import ImportCounts
from groundwork.tasks.contacts.imports.rows.prepare import PreparedChunk

_SQL = Path(__file__).with_suffix(".sql")
_STATEMENTS = {"update": "update_contacts", "skip": "insert_contacts"}

OnConflict = Literal["update", "skip"]


def write_rows(
    connection: Connection,
    chunk: PreparedChunk,
    *,
    workspace_id: str,
    import_id: str,
    on_conflict: OnConflict = "update",
    in_turn: Callable[[], bool] = lambda: True,
) -> ImportCounts:
    """Write a chunk in the caller's transaction, which must hold no other chunk.

    Where a contact is there already, ``update`` overwrites what the file has a value for, merges custom fields and adds
    tags; ``skip`` leaves it alone. Rows of the same import always merge, the later over the earlier. Chunks of one
    import must be written in the order of the file.

    Args:
        connection: in a transaction. Its staging table is dropped at the end of it.
        chunk: the rows.
        workspace_id: whose contacts.
        import_id: id of the import record; rows carry it, which tells repeats within the file from older contacts.
        on_conflict: what to do with contacts that were there before the import.
        in_turn: called between COPY and upsert; returns when the chunk before is committed, whether this one is tried
            as one of new contacts alone. The outcome is the same: a try that finds one that is there costs what it had
            added by then, which is rolled back.

    Returns:
        Counts of this chunk alone.
    """
    counts = ImportCounts(rows=chunk.rows, duplicates=chunk.duplicates, rejected=chunk.rejected, reasons=chunk.reasons)
    if not len(chunk.payload):
        return counts
    connection.execute(statement(_SQL, "create_staging"))
    _copy(connection, chunk.columns, chunk.payload)
    parameters = {"workspace_id": workspace_id, "import_id": import_id}
    if in_turn() and (inserted := _inserted(connection, parameters)) is not None:
        return counts + ImportCounts(inserted=inserted)
    written = connection.execute(statement(_SQL, _STATEMENTS[on_conflict]), parameters).one()
    return counts + ImportCounts(
        inserted=written.inserted, updated=written.updated, skipped=written.skipped, duplicates=written.duplicates
    )


def forget_skipped(connection: Connection, import_id: str) -> None:
    """Delete the notes about skipped contacts, once the import has ended."""
    connection.execute(statement(_SQL, "forget_skipped"), {"import_id": import_id})


def _inserted(connection: Connection, parameters: dict[str, str]) -> int | None:
    """Number of contacts added, if all of the chunk are new; None, and nothing is written, if not."""
    connection.execute(statement(_SQL, "tell_insert"), parameters)
    connection.execute(statement(_SQL, "insert_new_contacts"))
    inserted: int | None = connection.execute(statement(_SQL, "inserted_contacts")).scalar_one()
    return inserted


def _copy(connection: Connection, columns: Iterable[str], payload: bytes) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with driver.cursor() as cursor, cursor.copy(sql.SQL("COPY contact_staging ({}) FROM STDIN").format(names)) as copy:
        copy.write(payload)
