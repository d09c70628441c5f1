"""``groundwork pause`` and ``groundwork resume``."""

import json
from typing import Annotated

import typer

from groundwork.deployments.commands.options import HomeOption, JsonOption, WorkspaceOption, inbox

JobArgument = Annotated[str, typer.Argument(help="Name of the job, such as process-csv.")]


def pause(
    job: JobArgument, workspace: WorkspaceOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Start nothing more of a job, or of one workspace's lane of it. What runs goes on; what comes is queued.

    Examples:

      groundwork pause process-csv

      groundwork pause process-csv --workspace acme
    """
    with inbox(home) as connection:
        from groundwork.events.inbox import lanes

        lanes.pause(connection, job, workspace)
    _say(job, workspace, paused=True, as_json=as_json)


def resume(
    job: JobArgument, workspace: WorkspaceOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Start again what was paused. Lanes that were paused by themselves stay paused when their job is resumed.

    Example:

      groundwork resume process-csv --workspace acme
    """
    with inbox(home) as connection:
        from groundwork.events.inbox import lanes

        lanes.resume(connection, job, workspace)
    _say(job, workspace, paused=False, as_json=as_json)


def _say(job: str, workspace: str | None, *, paused: bool, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"job": job, "workspaceId": workspace, "paused": paused}))
    else:
        where = f"{job} of {workspace}" if workspace else job
        print(f"{where} is {'paused' if paused else 'resumed'}")
