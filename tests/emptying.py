"""The tables of the database, emptied before a test.

To truncate a table makes new files for it, its indexes and all tables that refer to it, and has every connection plan
its statements anew. Most tests leave a few rows in a few tables, which are deleted in a fraction of that.
"""

from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.blocks.schema import with_applications

_SMALL = 256 * 1024
"""Bytes up to which the rows of a table are deleted. Deleted rows take room until they are vacuumed, so that a table
that many tests have used is truncated in its turn."""
_RESTART = text("""
    SELECT setval(CAST(seqrelid AS regclass), seqstart, false) FROM pg_sequence
    JOIN pg_depend ON objid = seqrelid AND classid = CAST('pg_class' AS regclass)
    WHERE refclassid = CAST('pg_class' AS regclass) AND refobjid = ANY(CAST(:tables AS regclass[]))
""")


def empty(database: Database) -> None:
    """Leave no row in any table, and let every number begin anew of those that had rows."""
    names = [f'"{table.schema}"."{table.name}"' for table in with_applications().tables.values()]
    used = " UNION ALL ".join(
        f"SELECT '{name}', pg_relation_size('{name}') WHERE EXISTS (SELECT FROM {name})" for name in names
    )
    with database.transaction() as connection:
        found = connection.exec_driver_sql(used).all()
        large = [name for name, size in found if size > _SMALL]
        small = [name for name, size in found if size <= _SMALL]
        if large:
            connection.exec_driver_sql(f"TRUNCATE {', '.join(large)} RESTART IDENTITY CASCADE")
        if small:
            # References are not looked after: whatever refers to a row that goes is among the tables with rows.
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for name in small:
                connection.exec_driver_sql(f"DELETE FROM {name}")
            connection.execute(_RESTART, {"tables": small})
