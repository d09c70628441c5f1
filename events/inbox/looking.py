"""Transactions of people who look: they change nothing, and take no longer than a person waits."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

LONGEST_MILLISECONDS = 3_000
"""Time of one statement. Too low: searches in large payloads find nothing. Too high: many who look keep connections
from those who send."""


@contextmanager
def looking() -> Iterator[Connection]:
    """A transaction that reads. Its statements are planned for the very values that they are asked with: a plan for any
    value reads all events where one index would do."""
    with database().transaction() as connection:
        connection.execute(_statement("look"), {"longest": f"{LONGEST_MILLISECONDS}ms"})
        yield connection
