"""Ids that a person has typed the beginning of, as with the commits of git."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What an id may mean.

    Attributes:
        id: the whole id.
        what: name of the event, or job of the dead letter.
        moment: when it was accepted, or died.
    """

    id: UUID
    what: str
    workspace_id: str
    moment: datetime


def short_id(id: UUID) -> str:
    """As much of an id as tells it from others that were made in the same millisecond; every command takes it."""
    return str(id)[:18]


def events_with_prefix(connection: Connection, digits: str, most: int) -> list[Candidate]:
    """Events whose id, or the id of a delivery of theirs, begins with these digits; the latest first.

    Args:
        digits: 1 to 32 hexadecimal digits without hyphens.
        most: how many at most.
    """
    return _found(connection, "events_with_prefix", digits, most)


def dead_letters_with_prefix(connection: Connection, digits: str, most: int) -> list[Candidate]:
    """Dead letters whose id, or the id of their event, begins with these digits; otherwise like
    :func:`events_with_prefix`."""
    return _found(connection, "dead_letters_with_prefix", digits, most)


def _found(connection: Connection, statement: str, digits: str, most: int) -> list[Candidate]:
    span = {"first": UUID(digits.ljust(32, "0")), "last": UUID(digits.ljust(32, "f"))}
    rows = connection.execute(_statement(statement), span | {"most": most})
    return [Candidate(row.id, row.what, row.workspace_id, row.moment) for row in rows]
