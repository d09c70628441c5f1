"""An inbox without a stack around it: PostgreSQL with the schema, and the relay's admission called directly."""

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from groundwork.blocks.database import Database, database
from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.migrations import upgrade
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox.admission import admit
from tests.benchmarks.lane_stack import send_all
from tests.benchmarks.lanes import BulkWanted
from tests.benchmarks.running import home_of_this_process

_LANES = 20
_CAPACITY = 20
_ROUNDS = 50


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


def lane_of(number: int) -> WorkspaceId:
    """The workspace that an event of this number belongs to."""
    return WorkspaceId(f"workspace-{number % _LANES}")


def bulk_events(numbers: Iterable[int]) -> list[BulkWanted]:
    """One event per number, spread over the lanes."""
    return [BulkWanted(workspace_id=lane_of(number), number=number) for number in numbers]


def admissions_per_second(db: Database) -> float:
    """By a relay whose workers hold 20 runs. Between two admissions all are settled and as many events accepted,
    outside the clock."""
    seconds, admissions = 0.0, 0
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        admitted = admit(_CAPACITY)
        seconds += time.perf_counter() - began
        admissions += len(admitted)
        settle(db, [each.id for each in admitted])
        send_all(bulk_events(range(len(admitted))))
    return admissions / seconds
