"""How people find a flow run, and get from it to the console: its name, its tags, a link. Best effort: a label is not
worth a run."""

import logging
from collections.abc import Iterable

from prefect import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.objects import FlowRun

from groundwork.blocks.public_address import console_of_event, console_of_run
from groundwork.events.identifiers import workspace_tag
from groundwork.events.inbox import Attempt

logger = logging.getLogger(__name__)


def label(flow_run: FlowRun, attempt: Attempt) -> None:
    """Let the UI find the run by its workspace, name it so in its log and its events, and link its event."""
    alone = len(attempt.members) + len(attempt.misfits) + len(attempt.ended_misfits) == 1
    name = f"{attempt.job}/{attempt.workspace_id}/{str(attempt.event_id)[-12:]}"
    console = console_of_event(attempt.event_id) if alone else console_of_run(flow_run.id)
    _write(flow_run, name, console, tags=[workspace_tag(attempt.workspace_id)])


def label_host(flow_run: FlowRun, *, interactive: bool) -> None:
    """Name a host of light runs, and link what it carries."""
    name = f"light-host/{'interactive' if interactive else 'bulk'}/{str(flow_run.id)[-12:]}"
    _write(flow_run, name, console_of_run(flow_run.id))


def _write(flow_run: FlowRun, name: str, console: str, *, tags: Iterable[str] = ()) -> None:
    # What the run logs and emits from now on takes its name from here.
    flow_run.name = name
    link = ArtifactCreate(
        type="markdown",
        description="What the inbox knows of this run: payload, timeline, attempts, and what caused it.",
        data=f"[Open it in the console]({console})",
        flow_run_id=flow_run.id,
    )
    try:
        with get_client(sync_client=True) as client:
            client.update_flow_run(flow_run.id, name=name, tags={*flow_run.tags, *tags})
            client.create_artifact(link)
    except Exception as error:
        logger.warning("flow run %s not labelled: %s", flow_run.id, error)
