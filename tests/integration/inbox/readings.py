"""What PostgreSQL reads of the deliveries, and what it believes of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from groundwork.blocks.database import Database
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox.accept import NewEvent, accept
from groundwork.events.inbox.admission import admit_within, hold_admission
from groundwork.events.inbox.queue import bring_up_to_date, what_is_due
from tests.integration.inbox.scored_leads import LeadScored

_ROWS = (
    "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
    " WHERE schemaname = 'groundwork' AND relname = 'delivery'"
)


@contextmanager
def counted_by_hand(db: Database) -> Iterator[None]:
    """PostgreSQL takes statistics of deliveries in :func:`count_in_a_quiet_time`, and at no other time."""
    with db.transaction() as connection:
        connection.execute(text("ALTER TABLE groundwork.delivery SET (autovacuum_enabled = off)"))
    try:
        yield
    finally:
        with db.transaction() as connection:
            connection.execute(text("ALTER TABLE groundwork.delivery RESET (autovacuum_enabled)"))


def count_in_a_quiet_time(db: Database, number: int) -> None:
    """Statistics of that many deliveries, all of which have ended."""
    send_many(db, number)
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET state = 'done', settled_at = clock_timestamp()"))
    count_now(db)


def count_now(db: Database) -> None:
    """Statistics of the deliveries and events that there are."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE groundwork.delivery, groundwork.event"))


def send_many(db: Database, number: int, workspaces: int = 20) -> None:
    """Several events of a few leads, in each of the workspaces."""
    events = [
        LeadScored(
            workspace_id=WorkspaceId(f"w{each % workspaces}"), lead_id=str(each // workspaces // 2), score=each % 3
        )
        for each in range(number)
    ]
    with db.transaction() as connection:
        accept(connection, [NewEvent.of(event, source="test") for event in events])


def look(db: Database) -> tuple[int, int]:
    """One look of the relay, with room for 20: how many it admitted, and how many deliveries PostgreSQL read for it."""
    with db.transaction() as connection:
        connection.execute(text("SET LOCAL statement_timeout = '20s'"))
        before = rows_read(connection)
        hold_admission(connection)
        due = what_is_due(connection)
        bring_up_to_date(connection, due)
        admitted = admit_within(connection, 20, due=due)
        return len(admitted), rows_read(connection) - before


def rows_read(connection: Connection) -> int:
    """Deliveries that PostgreSQL has read so far, in this transaction."""
    # What transactions before this one have read may be among it.
    return int(connection.execute(text(_ROWS)).scalar() or 0)
