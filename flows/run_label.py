"""How people find a flow run, and get from it to the console: its name, its tags, a link. A label is not worth a run:
while Prefect's server does not take it, it is tried again beside the work, and given up when that is over."""

import logging
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import cast

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

from groundwork.blocks.outages import Outages
from groundwork.blocks.public_address import console_of_event, console_of_run
from groundwork.events.identifiers import workspace_tag
from groundwork.events.inbox import Attempt

logger = logging.getLogger(__name__)

LABEL_SECONDS = 0.4
"""How long a run works before its label is written; what is shorter has it at its end. Too short: the first step waits
for Prefect's server, which has the label to write. Too long: people look for a run and do not find it."""
_END_SECONDS = 5.0
"""How long the end of a run waits for its label."""


@contextmanager
def labelled(flow_run: FlowRun, attempt: Attempt) -> Iterator[None]:
    """Let the UI find the run by its workspace, name it so in its log and its events, and link its event. It is written
    while the block works, and has been when the block is over."""
    alone = len(attempt.members) + len(attempt.misfits) + len(attempt.ended_misfits) == 1
    name = f"{attempt.job}/{attempt.workspace_id}/{str(attempt.event_id)[-12:]}"
    console = console_of_event(attempt.event_id) if alone else console_of_run(flow_run.id)
    with _written(flow_run, name, console, {workspace_tag(attempt.workspace_id)}):
        yield


@contextmanager
def labelled_host(flow_run: FlowRun, *, interactive: bool) -> Iterator[None]:
    """Name a host of light runs, and link what it carries."""
    name = f"light-host/{'interactive' if interactive else 'bulk'}/{str(flow_run.id)[-12:]}"
    with _written(flow_run, name, console_of_run(flow_run.id), ()):
        yield


@contextmanager
def _written(flow_run: FlowRun, name: str, console: str, tags: Collection[str]) -> Iterator[None]:
    # What the run logs and emits from now on takes its name from here.
    flow_run.name = name
    context = FlowRunContext.get()
    if context is None:
        yield
        return
    # The engine's own: another one would connect anew, and httpx lets threads share it.
    client = cast(SyncPrefectClient, context.client)
    over = threading.Event()

    def write() -> None:
        outages = Outages(logger)
        over.wait(LABEL_SECONDS)
        ended = False
        while not ended:
            with outages.watching(f"the label of flow run {flow_run.id}") as trial:
                _write(client, flow_run, tags=tags, console=console)
            ended = trial.error is None or over.wait(trial.pause)

    thread = threading.Thread(target=copy_context().run, args=(write,), name="label", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(_END_SECONDS)


def _write(client: SyncPrefectClient, flow_run: FlowRun, *, tags: Collection[str], console: str) -> None:
    link = ArtifactCreate(
        type="markdown",
        description="What the inbox knows of this run: payload, timeline, attempts, and what caused it.",
        data=f"[Open it in the console]({console})",
        flow_run_id=flow_run.id,
    )
    client.update_flow_run(flow_run.id, name=flow_run.name, tags={*flow_run.tags, *tags})
    client.create_artifact(link)
