"""Fixtures of the inbox's tests."""

from collections.abc import Iterator

import pytest

from groundwork.blocks.database import Database
from groundwork.events.catalogue import event_types
from groundwork.events.inbox.event_types import register_event_types
from groundwork.events.inbox.sql_send import install


@pytest.fixture
def sql_send(db: Database) -> Iterator[Database]:
    """The database as a deploy leaves it: with ``groundwork.send``, and with every event type."""
    with db.transaction() as connection:
        register_event_types(connection, event_types().values())
        assert install(connection) is None
    yield db
    with db.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM groundwork.sql_sender")
