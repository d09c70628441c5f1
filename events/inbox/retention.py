"""Forgetting what has ended long ago."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


def delete_settled(connection: Connection, *, before: datetime, most: int) -> int:
    """Delete events that were accepted, and whose every delivery ended, before a time.

    Deliveries and ledgers go with them. What is unfinished is kept, however old. Safe beside others that do the same.

    Args:
        most: events to delete in this transaction.

    Returns:
        How many were deleted; fewer than ``most`` when there are no more.
    """
    return connection.execute(_statement("delete_settled"), {"before": before, "most": most}).rowcount


def still_wanted(connection: Connection, delivery_ids: Collection[UUID], *, before: datetime) -> set[UUID]:
    """The deliveries among these that are unfinished, or that ended at or after a time."""
    parameters = {"ids": list(delivery_ids), "before": before}
    return set(connection.execute(_statement("still_wanted"), parameters).scalars())
