"""``groundwork lanes`` and ``groundwork lane``."""

import json
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from blocks.database import database
from deployments.commands.options import HomeOption, JobOption, JsonOption, WorkspaceOption, use_home
from deployments.commands.pause import JobArgument
from events.inbox import lanes as inbox_lanes
from events.inbox.lanes import Lane

lane = typer.Typer(help="One workspace's lane of a job: its limit and weight.", no_args_is_help=True)
RequiredWorkspace = Annotated[str, typer.Option("--workspace", help="The workspace.")]

_REFRESH_SECONDS = 1.0


def lanes(
    job: JobOption = None,
    workspace: WorkspaceOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Keep showing, until Ctrl-C.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what each workspace's lane of each job holds: queued, running, limit, oldest wait.

    Lanes that hold nothing and are like their job's others are not shown. --watch --json prints an object per second.

    Examples:

      groundwork lanes --watch

      groundwork lanes --workspace acme --json
    """
    use_home(home)
    if not watch:
        _print_once(_read(job, workspace), as_json)
        return
    console = Console()
    try:
        if as_json or not console.is_terminal:
            while True:
                _print_once(_read(job, workspace), as_json)
                time.sleep(_REFRESH_SECONDS)
        with Live(console=console, screen=True, auto_refresh=False) as screen:
            while True:
                screen.update(_table(_read(job, workspace)), refresh=True)
                time.sleep(_REFRESH_SECONDS)
    except KeyboardInterrupt:
        return


@lane.command("set")
def set_lane(
    job: JobArgument,
    workspace: RequiredWorkspace,
    limit: Annotated[int | None, typer.Option("--limit", help="Runs at once.")] = None,
    weight: Annotated[float | None, typer.Option("--weight", help="Share between workspaces; 1 is usual.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a workspace another limit or weight than its job's. Counts at once.

    Example:

      groundwork lane set process-csv --workspace acme --limit 4 --weight 2
    """
    use_home(home)
    with database().transaction() as connection:
        inbox_lanes.set_lane(connection, job, workspace, limit=limit, weight=weight)
    _say({"job": job, "workspaceId": workspace, "limit": limit, "weight": weight}, as_json)


@lane.command("unset")
def unset_lane(
    job: JobArgument, workspace: RequiredWorkspace, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Give a workspace its job's own limit and weight again.

    Example:

      groundwork lane unset process-csv --workspace acme
    """
    use_home(home)
    with database().transaction() as connection:
        inbox_lanes.unset_lane(connection, job, workspace)
    _say({"job": job, "workspaceId": workspace, "limit": None, "weight": None}, as_json)


def _say(lane: dict[str, object], as_json: bool) -> None:
    if as_json:
        print(json.dumps(lane))
        return
    values = ", ".join(f"{name} {lane[name]}" for name in ("limit", "weight") if lane[name] is not None)
    print(f"{lane['job']} of {lane['workspaceId']}: {values or 'as the job says'}")


def _read(job: str | None, workspace: str | None) -> list[Lane]:
    with database().transaction() as connection:
        inbox_lanes.check_job(connection, job)
        found = inbox_lanes.lanes(connection)
    return [each for each in found if job in (None, each.job) and workspace in (None, each.workspace_id)]


def _print_once(found: list[Lane], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"lanes": [each.model_dump(by_alias=True) for each in found]}), flush=True)
    else:
        Console(highlight=False).print(_table(found) if found else "no lane holds anything")


def _table(found: list[Lane]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("workspace", "job"):
        table.add_column(heading)
    for heading in ("queued", "scheduled", "running", "limit", "weight", "oldest wait"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for each in found:
        table.add_row(
            each.workspace_id,
            each.job,
            f"{each.queued:,}",
            f"{each.scheduled:,}",
            f"{each.running:,}",
            f"{each.limit:,}",
            f"{each.weight:g}",
            "" if each.oldest_wait_seconds is None else f"{each.oldest_wait_seconds:,.1f} s",
            "paused" if each.paused else "",
        )
    return table
