"""The Prefect flow run that a job runs in: what it tells the inbox, and how people find it."""

import logging
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from prefect import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.identifiers import workspace_tag
from groundwork.events.inbox import Attempt
from groundwork.events.inbox.claim import Run

logger = logging.getLogger(__name__)

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


def label(flow_run: FlowRun, attempt: Attempt) -> None:
    """Let the UI find the run by its workspace, and name it so in its log and its events. Best effort: a label is not
    worth a run."""
    workspace_id = attempt.workspace_id
    # What the run logs and emits from now on takes its name from here.
    flow_run.name = f"{attempt.job}/{workspace_id}/{str(attempt.event_id)[-12:]}"
    try:
        with get_client(sync_client=True) as client:
            client.update_flow_run(
                flow_run.id,
                name=flow_run.name,
                tags={*flow_run.tags, workspace_tag(workspace_id)},
            )
    except Exception as error:
        logger.warning("flow run %s not labelled: %s", flow_run.id, error)


def as_claimant(flow_run: FlowRun) -> Run:
    """What the inbox notes of a flow run that claims."""
    return Run(
        flow_run_id=flow_run.id,
        scheduled=flow_run.auto_scheduled,
        created_at=flow_run.created,
        process_started_at=_process_start(),
        picked_up_at=_picked_up(),
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
