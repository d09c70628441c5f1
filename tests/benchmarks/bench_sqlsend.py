"""What sending by SQL costs, beside a bare INSERT of the same row."""

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import psycopg

from groundwork.blocks.database import Database
from groundwork.events.catalogue import event_types
from groundwork.events.inbox.event_types import register_event_types
from groundwork.events.inbox.sql_send import install
from tests.benchmarks.inbox_only import inbox_only
from tests.factories import register_job

DESCRIPTION = (
    "events per second of lead/engagement.recorded with one job that listens, by one connection: groundwork.send in a "
    "transaction each; 10,000 of them in one transaction by groundwork.send of a query's rows, and by one "
    "groundwork.send_many; each beside INSERTs of the same rows into a table with a primary key and one index."
)
_NAME = "lead/engagement.recorded"
_ROW = """jsonb_build_object('workspaceId', 'acme', 'engagementId', 'e-' || n, 'contactId', 'c', 'kind', 'open',
    'channel', 'web', 'occurredAt', '2026-11-28T07:35:23Z')"""


def run(quick: bool) -> dict[str, Any]:
    """Medians of five measurements of each; of one, and of a tenth as many events, if quick."""
    each, batch, rounds = (50, 1_000, 1) if quick else (500, 10_000, 5)
    with inbox_only() as db:
        _prepare(db)
        url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            data = json.dumps(connection.execute(f"SELECT {_ROW} FROM (SELECT 1 AS n) AS one").fetchone()[0])  # type: ignore[index]
            found = {
                "send_each": _rate(
                    rounds, each, lambda: _one_by_one(connection, each, "SELECT groundwork.send(%s, %s)", data)
                ),
                "insert_each": _rate(rounds, each, lambda: _one_by_one(connection, each, _INSERT, data)),
                "send_rows": _rate(rounds, batch, lambda: connection.execute(_SEND_ROWS, (batch,))),
                "send_many": _rate(rounds, batch, lambda: connection.execute(_SEND_MANY, (batch,))),
                "insert_rows": _rate(rounds, batch, lambda: connection.execute(_INSERT_ROWS, (batch,))),
            }
    return found | {
        "each_by_insert": found["send_each"] / found["insert_each"],
        "rows_by_insert": found["send_rows"] / found["insert_rows"],
        "many_by_insert": found["send_many"] / found["insert_rows"],
    }


_INSERT = "INSERT INTO public.bare (name, data) VALUES (%s, %s)"
_INSERT_ROWS = f"INSERT INTO public.bare (name, data) SELECT '{_NAME}', {_ROW} FROM generate_series(1, %s) AS n"
_SEND_ROWS = f"SELECT count(groundwork.send('{_NAME}', {_ROW})) FROM generate_series(1, %s) AS n"
_SEND_MANY = f"""SELECT count(*) FROM groundwork.send_many((
    SELECT jsonb_agg(jsonb_build_object('name', '{_NAME}', 'data', {_ROW})) FROM generate_series(1, %s) AS n
))"""


def _prepare(db: Database) -> None:
    register_job(db, "score", _NAME, lane=100)
    with db.transaction() as connection:
        register_event_types(connection, event_types().values())
        install(connection)
        connection.exec_driver_sql(
            "CREATE TABLE public.bare (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, data jsonb,"
            " accepted_at timestamptz DEFAULT clock_timestamp())"
        )
        connection.exec_driver_sql("CREATE INDEX ON public.bare (accepted_at)")


def _one_by_one(connection: psycopg.Connection[Any], number: int, statement: str, data: str) -> None:
    for _ in range(number):
        connection.execute(statement, (_NAME, data))  # type: ignore[arg-type]


def _rate(rounds: int, events: int, work: Callable[[], Any]) -> float:
    """Events per second, the median of so many rounds after one that is not counted."""
    work()
    measured = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        measured.append(events / (time.perf_counter() - began))
    return statistics.median(measured)
