"""The Prefect flow run that a job runs in, and what it tells the inbox."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.inbox.claim import Run

PICKED_UP_AT = "GROUNDWORK__PICKED_UP_AT"
"""Environment variable by which a worker tells a run when it took it on (ISO 8601). Two underscores: no setting."""


def current_flow_run() -> FlowRun:
    """The flow run that the calling code runs in.

    Raises:
        ConfigurationError: there is none.
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise ConfigurationError("a job runs as a Prefect flow: call it, do not call its function")
    return context.flow_run


def as_claimant(flow_run: FlowRun) -> Run:
    """What the inbox notes of a flow run that claims."""
    began, picked_up = _process_start(), _picked_up()
    return Run(
        flow_run_id=flow_run.id,
        scheduled=flow_run.auto_scheduled,
        created_at=flow_run.created,
        # A spare process has begun before there was a run for it.
        process_started_at=max(began, picked_up) if picked_up else began,
        picked_up_at=picked_up,
    )


def _picked_up() -> datetime | None:
    told = os.environ.get(PICKED_UP_AT)
    return datetime.fromisoformat(told) if told else None


def _process_start() -> datetime:
    """When this process began, by its age: its creation time as such may be off by a second."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError):
        age = time.time() - psutil.Process().create_time()
    return datetime.now(UTC) - timedelta(seconds=age)
