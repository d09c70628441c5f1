"""Jobs that count, each number once: in PostgreSQL, and in a CRM that takes idempotency keys.

Every execution is recorded outside the ledger, so that overlaps, order and repeats can be seen from outside.
"""

import asyncio
import math
import os
from collections.abc import Sequence

import httpx
from sqlalchemy import text

from groundwork.blocks.errors import NonRetriable
from groundwork.events.base import Event
from groundwork.events.inbox import once, running_attempt
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.flows.waiting import invoke, sleep, wait_for_event
from groundwork.tasks.step import step
from tests.chaos.count_events import (
    BatchedCountWanted,
    CountTold,
    CountWanted,
    CountWeighed,
    CrashWanted,
    OrderedCountWanted,
    PatientCountWanted,
)
from tests.chaos.storm.execution_log import executing

CRM_URL = "CHAOS_CRM_URL"
"""Environment variable with the address of the CRM's stand-in."""
LANE = 2
"""Limit of the lanes without order."""
_MAX_ATTEMPTS = 100
_CRASHES = 3
"""After so many attempts that ended their process a delivery is a dead letter."""
_PATIENCE = 600.0
"""Seconds that a job waits for what is sure to come."""

_ADD = text(
    """
    INSERT INTO chaos.effect (job, workspace_id, number, attempt)
    SELECT :job, :workspace, number, :attempt FROM unnest(CAST(:numbers AS int[])) WITH ORDINALITY AS n (number, place)
    ORDER BY place
    """
)


@step
def add(workspace: str, numbers: list[int]) -> int:
    """Write one effect per number. Returns how many there are."""
    attempt = running_attempt()
    with once(attempt, "add", key="all") as entry:
        if entry.result is None:
            row = {"job": attempt.job, "workspace": workspace, "numbers": numbers, "attempt": attempt.token}
            entry.connection.execute(_ADD, row)
            entry.result = len(numbers)
        return int(entry.result)


@step(retries=8, first_delay=0.2, longest_delay=2.0)
def tell_crm(workspace: str, numbers: list[int]) -> None:
    """Make one row per number in the CRM, each under a key of its own."""
    attempt = running_attempt()
    rows = [
        {"key": f"{member.delivery_id}:crm", "job": attempt.job, "workspace": workspace, "number": number}
        for member, number in zip(attempt.members, numbers, strict=True)
    ]
    httpx.post(os.environ[CRM_URL], json=rows, timeout=10).raise_for_status()


def _count(events: Sequence[Event]) -> None:
    workspace = str(events[0].workspace_id)
    numbers = [event.number for event in events]  # type: ignore[attr-defined]
    with executing(running_attempt(), workspace, numbers):
        add(workspace, numbers)
        tell_crm(workspace, numbers)


@job(on=CountWanted, lane=LANE, max_attempts=_MAX_ATTEMPTS)
def count(event: CountWanted) -> None:
    """Count one number."""
    if event.spoilt:
        raise NonRetriable(f"the number {event.number} is {event.spoilt}")
    _count([event])


@job(on=OrderedCountWanted, lane=1, ordered=True, max_attempts=_MAX_ATTEMPTS)
def count_in_order(event: OrderedCountWanted) -> None:
    """Count one number, after the one accepted before it."""
    _count([event])


@job(on=BatchedCountWanted, lane=1, ordered=True, batch=Batch(size=100, wait=0.5), max_attempts=_MAX_ATTEMPTS)
def count_together(events: list[BatchedCountWanted]) -> list[float]:
    """Count many numbers in one run."""
    _count(events)
    return [math.nan if event.spoilt else event.number for event in events]


@job(on=CrashWanted, lane=LANE, max_attempts=_CRASHES)
def crash(event: CrashWanted) -> None:
    """End the process in the middle of an attempt."""
    os._exit(1)


@job(on=CountTold, light=True, lane=LANE, max_attempts=_MAX_ATTEMPTS)
def hear(event: CountTold) -> None:
    """Count one number, and be what somebody waits for."""
    _count([event])


@job(on=CountWeighed, light=True, lane=LANE, max_attempts=_MAX_ATTEMPTS)
def weigh(event: CountWeighed) -> int:
    """Say what a number weighs."""
    return 2 * event.number


@step
async def look_up(number: int) -> int:
    """Find out what a number should weigh."""
    await asyncio.sleep(0.01)
    return 2 * number


@job(on=PatientCountWanted, lane=LANE, max_attempts=_MAX_ATTEMPTS)
async def count_when_told(event: PatientCountWanted) -> None:
    """Count one number after a time, an event and another job."""
    sleep("a-moment", 0.5)
    expected, _ = await asyncio.gather(look_up(event.number), look_up(event.number + 1))
    if wait_for_event("told", CountTold, match="number", timeout=_PATIENCE) is None:
        raise AssertionError(f"nobody told of {event.number}")
    weighed = CountWeighed(workspace_id=event.workspace_id, number=event.number)
    if invoke("weighed", weighed, timeout=_PATIENCE) != expected:
        raise AssertionError(f"{event.number} has another weight")
    _count([event])
