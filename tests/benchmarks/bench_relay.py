"""What admission costs, by the length of the queue."""

import statistics
from typing import Any

from sqlalchemy import text

from groundwork.blocks.database import Database
from tests.benchmarks.inbox_only import admissions_per_second, bulk_events, inbox_only
from tests.benchmarks.lane_stack import send_all
from tests.benchmarks.lanes import BulkWanted
from tests.factories import register_job

DESCRIPTION = (
    "admissions per second with 1,000 and with 100,000 deliveries queued in the same 20 lanes, by a relay whose "
    "workers hold 20 runs; between two admissions all are settled and as many events accepted, outside the clock."
)
_EVENTS_AT_ONCE = 5_000


def run(quick: bool) -> dict[str, Any]:
    """Medians of five measurements of each; of one, and of 10,000 queued instead of 100,000, if quick."""
    short, long = 1_000, 10_000 if quick else 100_000
    measured: dict[int, list[float]] = {short: [], long: []}
    with inbox_only() as db:
        register_job(db, "bulk", BulkWanted.event_name, lane=100)
        for _ in range(1 if quick else 5):
            for queued in measured:
                _fill(db, queued)
                measured[queued].append(admissions_per_second(db))
    of_short, of_long = (statistics.median(measured[queued]) for queued in (short, long))
    return {
        "admissions_per_second_1k": of_short,
        "admissions_per_second_100k": of_long,
        "ratio": of_long / of_short,
        "samples": {"short": measured[short], "long": measured[long]},
    }


def _fill(db: Database, number: int) -> None:
    with db.transaction() as connection:
        connection.execute(text("TRUNCATE groundwork.event, groundwork.fair_share CASCADE"))
    for begin in range(0, number, _EVENTS_AT_ONCE):
        send_all(bulk_events(range(begin, min(begin + _EVENTS_AT_ONCE, number))))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE groundwork.delivery, groundwork.event"))
