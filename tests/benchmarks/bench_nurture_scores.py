"""What it costs to keep scores as engagement comes, against one statement that makes them from scratch."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from groundwork.blocks.database import Database
from groundwork.blocks.schema.nurture.agency import agency
from groundwork.blocks.sql import named_statements, statement
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.nurture.leads import EngagementRecorded
from groundwork.tasks.nurture.leads.points import points
from groundwork.tasks.nurture.leads.scores import score
from groundwork.tasks.nurture.leads.totals import count_anew, store, take_turn
from tests.benchmarks.inbox_only import inbox_only

DESCRIPTION = (
    "1,000,000 engagements of 20,000 contacts, in no order of time: stored, added up and scored in batches of 1,000, "
    "as the jobs do it (rows/s); and by one SQL statement that stores all of them and scores from scratch."
)
_SQL = Path(__file__).with_suffix(".sql")
_ACME = WorkspaceId("acme")
_BATCH = 1_000
_HALF_LIFE = 14.0


def run(quick: bool) -> dict[str, Any]:
    """Measure once; 50,000 of 1,000 contacts if quick."""
    rows, contacts = (50_000, 1_000) if quick else (1_000_000, 20_000)
    at = datetime.now(UTC)
    with inbox_only() as db:
        _prepare(db, rows, contacts, at)
        storing, scoring = _incremental(db, rows, at)
        from_scratch = _from_scratch(db, at)
        # Scores of one moment, for whoever compares them; most contacts have not been scored since it.
        with _timed() as rescored, db.transaction() as connection:
            everybody = [f"c{number}" for number in range(1, contacts + 1)]
            score(connection, _ACME, everybody, scoring=take_turn(connection, _ACME), at=at)
        with db.transaction() as connection:
            disagreeing = connection.execute(statement(_SQL, "disagreeing")).scalar_one()
        assert disagreeing == 0, f"{disagreeing} contacts have another score from scratch"
        with _timed() as recounted, db.transaction() as connection:
            assert count_anew(connection, _ACME, _HALF_LIFE) == rows
    incremental = storing + scoring
    return {
        "incremental_rows_per_second": rows / incremental,
        "from_scratch_rows_per_second": rows / from_scratch,
        "ratio": from_scratch / incremental,
        "storing_seconds": storing,
        "scoring_seconds": scoring,
        "from_scratch_seconds": from_scratch,
        "score_everybody_seconds": rescored[0],
        "count_anew_seconds": recounted[0],
        "batch": _BATCH,
    }


def _prepare(db: Database, rows: int, contacts: int, at: datetime) -> None:
    with db.transaction() as connection:
        given = {"name": "Acme", "website": "https://a.example", "email": "a@a.example", "postal_address": "1 Quay"}
        connection.execute(insert(agency).values(workspace_id=_ACME, half_life_days=_HALF_LIFE, **given))
        connection.execute(statement(_SQL, "contacts"), {"contacts": contacts})
        connection.execute(statement(_SQL, "invent"), {"contacts": contacts, "rows": rows, "at": at})
        connection.execute(statement(_SQL, "number_them"))
        connection.exec_driver_sql(named_statements(_SQL)["copies"])
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _incremental(db: Database, rows: int, at: datetime) -> tuple[float, float]:
    """Seconds of storing with adding up, and of scoring. Reading what is given is outside the clock."""
    storing = scoring = 0.0
    for begin in range(0, rows, _BATCH):
        batch = _batch(db, begin)
        with _timed() as stored, db.transaction() as connection:
            take_turn(connection, _ACME)
            new = store(connection, _ACME, batch, _HALF_LIFE)
        with _timed() as scored, db.transaction() as connection:
            concerned = sorted(set(new.values()))
            score(connection, _ACME, concerned, scoring=take_turn(connection, _ACME), at=at)
        storing, scoring = storing + stored[0], scoring + scored[0]
    return storing, scoring


def _batch(db: Database, begin: int) -> list[EngagementRecorded]:
    with db.transaction() as connection:
        found = connection.execute(statement(_SQL, "batch"), {"begin": begin, "end": begin + _BATCH})
        return [
            EngagementRecorded.model_construct(
                workspace_id=_ACME,
                engagement_id=row.id,
                contact_id=row.contact_id,
                kind=row.kind,
                channel=row.channel,
                occurred_at=row.occurred_at,
            )
            for row in found
        ]


def _from_scratch(db: Database, at: datetime) -> float:
    worth = points()
    values = {"at": at, "kinds": list(worth), "points": list(worth.values())}
    with _timed() as seconds, db.transaction() as connection:
        connection.execute(statement(_SQL, "from_scratch"), values)
    return seconds[0]


@contextmanager
def _timed() -> Iterator[list[float]]:
    """Notes how many seconds the block took."""
    seconds: list[float] = []
    began = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - began)
