"""An inbox without a stack around it: PostgreSQL with the schema, and the relay's admission called directly."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from groundwork.blocks.database import Database, database
from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.migrations import upgrade
from tests.benchmarks.running import home_of_this_process


@contextmanager
def inbox_only() -> Iterator[Database]:
    """The database, which is this process's too while the block lasts."""
    with tempfile.TemporaryDirectory() as folder, home_of_this_process(Path(folder)):
        server = EmbeddedPostgres(Path(folder))
        server.create()
        server.start(Path(folder) / "postgres.log")
        try:
            server.create_database("groundwork")
            with database().transaction() as connection:
                upgrade(connection)
            yield database()
        finally:
            database().engine.dispose()
            server.stop()


def settle(db: Database, delivery_ids: list[object]) -> None:
    """End admitted deliveries, as their runs would."""
    with db.transaction() as connection:
        connection.execute(
            text(
                "UPDATE groundwork.delivery SET state = 'done', lease_expires_at = NULL, settled_at = clock_timestamp()"
                " WHERE id = ANY(:ids)"
            ),
            {"ids": delivery_ids},
        )
