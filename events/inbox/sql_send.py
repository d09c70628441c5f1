"""``groundwork.send`` in PostgreSQL: events from any language, in the sender's own transaction and with one statement.

The functions are made at deploy: they are of the release whose schema they stand in. What stores an event is the
statements of ``accept.sql``, which Python runs too.
"""

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

from sqlalchemy import Connection, text

from groundwork.blocks.sql import named_statements
from groundwork.blocks.storable import LONGEST_JSON, MOST_LEVELS
from groundwork.events.identifiers import LONGEST, RULE, may_be_in_ids
from groundwork.events.inbox.many_events import EVENTS_AT_ONCE, MOST_EVENTS
from groundwork.events.inbox.senders import ROLE
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.storing import EARLIEST_TS, FORBIDDEN_KEY, LATEST_TS, LONGEST_ID, MOST_VALUES_OF_EVENT

_HERE = Path(__file__).parent
_MOST_FAULTS = 100
_ASSIGNED = (range(1, 0xD800), range(0xE000, 0x40000), range(0xE0000, 0xE0200))
"""Code points that Unicode has given to something, but for halves of characters and those of private use."""
_FUNCTIONS = (
    "fault_of_characters",
    "fault_of_id",
    "as_double",
    "place_in",
    "read_anything",
    "fault",
    "more_faults",
    "fault_of_text",
    "days_of_month",
    "read_datetime",
    "read_number",
    "read_value",
    "read_object",
    "refuse",
    "check_sender",
    "new_event",
    "uuid7",
    "accept",
    "send",
    "send_many",
    "fault_of_envelope",
)
"""What is made, in this order; those in plain SQL need what they call."""
_FOR_SENDERS = ("send(text, jsonb, text, timestamptz)", "send_many(jsonb)")
_BIND = re.compile(r"(?<![:\w]):(\w+)")


def install(connection: Connection) -> str | None:
    """Make the functions, and the role that may call them. Safe to repeat, and not to be done twice at once.

    Returns:
        What keeps people from sending by SQL, and what to do; None for nothing.
    """
    encoding = connection.execute(text("SHOW server_encoding")).scalar()
    if encoding != "UTF8":
        return (
            f"Nobody may send by SQL: the database's encoding is {encoding}, in which texts are other than in Python."
        )
    for name, function in _functions().items():
        # Else the driver takes each % for a placeholder.
        connection.exec_driver_sql(function, execution_options={"no_parameters": True})
        connection.exec_driver_sql(f"REVOKE ALL ON FUNCTION groundwork.{name} FROM PUBLIC")
    return _grant(connection)


def _functions() -> dict[str, str]:
    """The statements that make the functions, by name."""
    statements = {
        "accept": _inlined("accept", "accept", events="accept.events"),
        "limit_rate": _inlined("accept", "limit_rate", event_ids="to_limit"),
        "cancel_on": _inlined("accept", "cancel_on", events="accept.events", cancelling="to_cancel"),
        "first_ids": _inlined("accept", "first_ids", keys="repeated"),
        "wake_relay": _inlined("wake", "wake_relay"),
        "wake_relay_at_once": _inlined("wake", "wake_relay_at_once"),
        "wake_interactive_host": _inlined("wake", "wake_interactive_host"),
    }
    limits = {
        "longest_id": LONGEST,
        "longest_dedupe_id": LONGEST_ID,
        "earliest_ts": EARLIEST_TS,
        "latest_ts": LATEST_TS,
        "longest_json": LONGEST_JSON,
        "most_values": MOST_VALUES_OF_EVENT,
        "most_levels": MOST_LEVELS - 10,  # the types above take some
        "most_events": MOST_EVENTS,
        "most_faults": _MOST_FAULTS,
        "events_at_once": EVENTS_AT_ONCE,
        "forbidden_key": FORBIDDEN_KEY,
        "rule": RULE.replace("'", "''"),
        "id_characters": _multirange(may_be_in_ids),
        "printable": _multirange(str.isprintable),
    }
    found: dict[str, str] = {}
    bodies = named_statements(Path(__file__).with_suffix(".sql"))
    for name in _FUNCTIONS:
        body = bodies[name]
        for place, value in (statements | limits).items():
            body = body.replace(f"{{{place}}}", str(value))
        found[name] = body
    return found


def _inlined(module: str, name: str, **variables: str) -> str:
    """A statement of another module, as a function has it: with variables in place of parameters."""
    statement = statements_of(str(_HERE / module))(name)
    return _BIND.sub(lambda bind: variables[bind[1]], statement.text)


def _multirange(belongs: Callable[[str], bool]) -> str:
    """Code points as PostgreSQL's ``int4multirange`` has them. NUL and halves of characters are in no text there."""
    points = (point for part in _ASSIGNED for point in part if belongs(chr(point)))
    return "{" + ",".join(f"[{first},{last}]" for first, last in _runs(points)) + "}"


def _runs(points: Iterator[int]) -> Iterator[tuple[int, int]]:
    for _, run in groupby(enumerate(points), key=lambda each: each[1] - each[0]):
        numbers = [point for _, point in run]
        yield numbers[0], numbers[-1]


def _grant(connection: Connection) -> str | None:
    exists = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")
    if not connection.execute(exists, {"role": ROLE}).scalar():
        # Another database of the server may be deployed to at this moment: roles are the server's.
        connection.exec_driver_sql(
            f"DO $$ BEGIN CREATE ROLE {ROLE} NOLOGIN; "
            "EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL; END $$"
        )
    if not connection.execute(exists, {"role": ROLE}).scalar():
        return (
            f"Nobody may send by SQL yet: this database user may not make the role. Have `CREATE ROLE {ROLE} NOLOGIN` "
            "executed by one who may, then deploy again."
        )
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA groundwork TO {ROLE}")
    for function in _FOR_SENDERS:
        connection.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION groundwork.{function} TO {ROLE}")
    return None
