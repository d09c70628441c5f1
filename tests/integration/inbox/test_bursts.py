"""A burst after a quiet time: PostgreSQL's statistics still say that nothing waits, and no look takes long for that."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox.accept import NewEvent, accept
from groundwork.events.inbox.admission import admit_within, hold_admission
from groundwork.events.inbox.queue import bring_up_to_date, what_is_due
from groundwork.flows.flow_control import Batch, Debounce, Lane, Pool, Priority, Singleton, Throttle
from tests.integration.inbox.scored_leads import LeadScored, register, time_passes

BURST = 1_000
WORKSPACES = 20
KINDS: dict[str, dict[str, Any]] = {
    "plain": {"lane": 50},
    "in order": {"ordered": True},
    "batch": {"lane": 5, "batch": Batch(size=50, wait=0)},
    "keyed": {"lane": (50, Lane(1, key="lead_id"))},
    "pool": {"lane": 50, "pool": Pool("stale", limit=30, per_workspace=5), "throttle": Throttle(limit=9, period=60)},
    "by a field": {"lane": 50, "priority_field": Priority("score")},
    "singleton": {"lane": 50, "singleton": Singleton(key="lead_id")},
    "skipping singleton": {"lane": 50, "singleton": Singleton(key="lead_id", mode="skip")},
    "debounce": {"lane": 50, "debounce": Debounce(seconds=5, key="lead_id")},
    "debounced batch": {"lane": 50, "debounce": Debounce(seconds=5, key="lead_id"), "batch": Batch(size=50)},
    "expiry": {"lane": 50, "expires": 5},
}


@pytest.fixture
def burst(db: Database) -> Callable[..., None]:
    """Many events at once in an inbox whose statistics are of a time when all had ended."""

    def make(**options: Any) -> None:
        register(db, **options)
        send_many(db)
        with db.transaction() as connection:
            connection.execute(text("UPDATE groundwork.delivery SET state = 'done', settled_at = clock_timestamp()"))
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE groundwork.delivery, groundwork.event"))
        send_many(db)

    with db.transaction() as connection:
        connection.execute(text("ALTER TABLE groundwork.delivery SET (autovacuum_enabled = off)"))
    yield make
    with db.transaction() as connection:
        connection.execute(text("ALTER TABLE groundwork.delivery RESET (autovacuum_enabled)"))


def send_many(db: Database) -> None:
    events = [
        LeadScored(
            workspace_id=WorkspaceId(f"w{each % WORKSPACES}"), lead_id=str(each // WORKSPACES // 2), score=each % 3
        )
        for each in range(BURST)
    ]
    with db.transaction() as connection:
        accept(connection, [NewEvent.of(event, source="test") for event in events])


def look(db: Database) -> tuple[int, int]:
    """One look of the relay: how many it admitted, and how many rows of deliveries it read."""
    with db.transaction() as connection:
        connection.execute(text("SET LOCAL statement_timeout = '20s'"))
        hold_admission(connection)
        due = what_is_due(connection)
        bring_up_to_date(connection, due)
        admitted = admit_within(connection, 20, limits=due.limits)
        read = connection.execute(
            text(
                "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
                " WHERE schemaname = 'groundwork' AND relname = 'delivery'"
            )
        ).scalar_one()
    return len(admitted), read


@pytest.mark.parametrize("kind", KINDS)
def test_each_look_reads_every_delivery_a_few_times_at_most(db, burst, kind):
    burst(**KINDS[kind])
    for seconds in (0, 3, 3):
        time_passes(db, seconds)
        _, read = look(db)
        assert read < 20 * BURST


def test_a_look_admits_as_many_as_there_is_room_for(db, burst):
    burst(lane=50)
    assert look(db)[0] == 20
