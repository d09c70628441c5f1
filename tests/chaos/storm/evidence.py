"""What a storm left to be judged: read from the database and the process table."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.deployments.up.home import is_alive
from tests.chaos.storm.judge import Transition
from tests.chaos.storm.load import Count
from tests.chaos.storm.recovery import FirstStep


def open_deliveries(database: Database) -> Mapping[str, int]:
    """How many deliveries have not ended, by state."""
    rows = _rows(
        database, "SELECT state, count(*) AS number FROM groundwork.delivery WHERE settled_at IS NULL GROUP BY state"
    )
    return {row.state: row.number for row in rows}


def not_done(database: Database) -> dict[str, str]:
    """By the sender's id, why a delivery has not ended as done."""
    rows = _rows(
        database,
        "SELECT event.dedupe_id, delivery.state, delivery.last_error"
        " FROM groundwork.event LEFT JOIN groundwork.delivery ON delivery.event_id = event.id"
        " WHERE delivery.state IS DISTINCT FROM 'done'",
    )
    return {row.dedupe_id: f"{row.state}: {row.last_error}" for row in rows}


def stored(database: Database) -> Counter[str]:
    """How often each of the sender's ids is in the inbox. What jobs send themselves is not the sender's."""
    sent = "SELECT dedupe_id FROM groundwork.event WHERE causation_id IS NULL"
    return Counter(row.dedupe_id for row in _rows(database, sent))


def effects(database: Database) -> list[Count]:
    """The counters' effects, in the order in which they were written."""
    rows = _rows(database, "SELECT job, workspace_id, number FROM chaos.effect ORDER BY id")
    return [(row.job, row.workspace_id, row.number) for row in rows]


def transitions(database: Database) -> list[Transition]:
    """Every change of a delivery's state, in order of time."""
    rows = _rows(
        database,
        "SELECT extract(epoch FROM at)::float AS at, delivery_id::text AS delivery, job, workspace_id AS workspace,"
        " leads, state, attempt, flow_run_id::text AS flow_run, waits FROM chaos.transition ORDER BY at, id",
    )
    return [Transition(**row._mapping) for row in rows]


def first_steps(database: Database) -> list[FirstStep]:
    """When the first step of each attempt began."""
    rows = _rows(
        database,
        "SELECT extract(epoch FROM at)::float AS at, delivery_id::text AS delivery, attempt FROM chaos.first_step",
    )
    return [FirstStep(**row._mapping) for row in rows]


def running_flow_runs(database: Database) -> set[str]:
    """The flow runs that hold a delivery now."""
    rows = _rows(database, "SELECT flow_run_id::text AS flow_run FROM groundwork.delivery WHERE state = 'running'")
    return {row.flow_run for row in rows}


def imports(database: Database) -> dict[str, Any]:
    """The records of imports by id, with the rows they counted and the contacts that are there."""
    rows = _rows(
        database,
        "SELECT id, filename, status, CAST(summary ->> 'inserted' AS int) AS inserted,"
        " CAST(summary ->> 'updated' AS int) AS updated,"
        " (SELECT count(*) FROM app.contact WHERE contact.import_id = csv_import.id) AS contacts FROM app.csv_import",
    )
    return {row.id: row for row in rows}


def processes_of(home: Path) -> Iterator[str]:
    """Processes that belong to a home, whoever their parent is."""
    for process in psutil.process_iter():
        try:
            if process.environ().get("GROUNDWORK_HOME") == str(home) and is_alive(process):
                yield f"process {process.pid} {' '.join(process.cmdline())[:120]}"
        except (psutil.Error, OSError):
            continue


def files_in(folder: Path) -> Iterator[str]:
    """Every file in a folder, at any depth."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield f"file {path}"


def _rows(database: Database, sql: str) -> Any:
    with database.transaction() as connection:
        return connection.execute(text(sql)).all()
