"""The upsert: a prepared chunk into ``fitness.reading``, by COPY and one statement."""

from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.tasks.fitness.files.prepare import STAGED, PreparedRows

_SQL = Path(__file__).with_suffix(".sql")


def write_rows(connection: Connection, workspace_id: str, chunk: PreparedRows) -> int:
    """Write a chunk in the caller's transaction, which must hold no other chunk.

    Chunks may be written in any order: of each reading the version stands that its source made last.

    Returns:
        How many rows were new or changed.
    """
    if not len(chunk.payload):
        return 0
    connection.execute(statement(_SQL, "create_staging"))
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    names = sql.SQL(", ").join(map(sql.Identifier, STAGED))
    with driver.cursor() as cursor, cursor.copy(sql.SQL("COPY reading_staging ({}) FROM STDIN").format(names)) as copy:
        copy.write(chunk.payload)
    return connection.execute(statement(_SQL, "write_rows"), {"workspace_id": workspace_id}).rowcount
