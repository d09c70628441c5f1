"""The event types that the database knows, so that it can check what is sent by SQL."""

import json
from collections.abc import Iterable

from sqlalchemy import Connection

from groundwork.events.base import Event
from groundwork.events.inbox.statements import statements_of
from groundwork.events.shapes import shape_of

_statement = statements_of(__file__)


def register_event_types(connection: Connection, types: Iterable[type[Event]]) -> None:
    """Tell the database which events there are, in place of those that it knew. Safe to repeat."""
    rows = [
        {"name": name, "alias_of": None if name == each.event_name else each.event_name, "shape": shape_of(each)}
        for each in types
        for name in (each.event_name, *each.aliases)
    ]
    connection.execute(_statement("register_event_types"), {"types": json.dumps(rows)})
