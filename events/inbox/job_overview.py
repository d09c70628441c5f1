"""Jobs at a glance: their options, what they hold, and how their deliveries of the last hour fared."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

COUNT_TO = 1_000
"""Deliveries up to which a job is counted, and of which times are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobGlance:
    """How a job stands. A number that is as high as it is counted, 1,000, is at least that; times are of the last so
    many deliveries.

    Attributes:
        lane_limit: runs at once in one workspace.
        limits: debounce, throttle, rate limit and the others, as the inbox has them.
        held_because: why nothing can run it now; None where something can.
        dead: dead letters that nobody has replayed.
        ended: deliveries that were done or failed in the last hour.
        failed: those of them that failed.
        wait_p50: seconds from acceptance to the last claim, median; None where nothing ended.
        run_p50: seconds from the last claim to the end, median.
    """

    name: str
    event_name: str
    lane_limit: int
    priority: int
    interactive: bool
    ordered: bool
    light: bool
    max_attempts: int
    batch_size: int
    limits: dict[str, Any]
    paused: bool
    retired: bool
    held_because: str | None
    queued: int
    running: int
    dead: int
    ended: int
    failed: int
    wait_p50: float | None
    wait_p95: float | None
    run_p50: float | None
    run_p95: float | None


def job_overview(connection: Connection) -> list[JobGlance]:
    """Every job by name; retired ones that still hold something too."""
    rows = connection.execute(_statement("job_overview"), {"count_to": COUNT_TO}).mappings()
    return [JobGlance(**row) for row in rows]
