"""``groundwork cancel``."""

import json
from typing import Annotated
from uuid import UUID

import typer

from blocks.database import database
from blocks.errors import ConfigurationError
from deployments.commands.options import HomeOption, JobOption, JsonOption, WorkspaceOption, use_home
from events.inbox.cancellation import cancel as cancel_deliveries


def cancel(
    event_id: Annotated[UUID | None, typer.Argument(help="The id that the event was accepted with.")] = None,
    job: JobOption = None,
    workspace: WorkspaceOption = None,
    queued_only: Annotated[bool, typer.Option("--queued-only", help="Leave alone what runs.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cancel what has not ended: of one event, or of a job, a workspace, or both.

    What runs loses its right to write at once, and its run is stopped within seconds. Exit code 1 if nothing was
    cancelled.

    Examples:

      groundwork cancel 0199f0c2-7c1e-7d4a-a5d1-3f0c8a6d2b11

      groundwork cancel --job process-csv --workspace acme --queued-only
    """
    if event_id is None and job is None and workspace is None:
        raise ConfigurationError("say what to cancel: the id of an event, --job, --workspace, or both of these")
    use_home(home)
    with database().transaction() as connection:
        done = cancel_deliveries(
            connection, event_id=event_id, job=job, workspace_id=workspace, queued_only=queued_only
        )
    if as_json:
        print(json.dumps(done.model_dump()))
    else:
        print(f"cancelled: {done.queued} queued, {done.running} running")
        if done.sharing:
            print(f"left alone: {done.sharing} that share a run with others")
    if not done.queued + done.running:
        raise typer.Exit(1)
