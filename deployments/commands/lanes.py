"""``groundwork lanes`` and ``groundwork lane``."""

import contextlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.blocks.words import printable
from groundwork.deployments.commands.options import (
    MOST,
    HomeOption,
    JobOption,
    JsonOption,
    KnownWorkspace,
    RequiredWorkspace,
    WorkspaceOption,
    inbox,
)
from groundwork.deployments.commands.pause import JobArgument
from groundwork.deployments.commands.tables import table
from groundwork.deployments.up.interrupt import interruptible
from groundwork.flows.limits import UNLIMITED

if TYPE_CHECKING:
    from groundwork.events.inbox.lanes import Lane

lane = typer.Typer(help="One workspace's lane of a job: its limit and weight.", no_args_is_help=True)

_REFRESH_SECONDS = 1.0
_HEADINGS = ("workspace", "job", "queued", "scheduled", "running", "waiting", "limit", "weight", "oldest wait", "")
_TEXTS = (0, 1, 9)
"""Columns of text, which begin at the left; the others are numbers."""
_LARGEST_WEIGHT = 1e6


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
    if watch:
        _watch(home, job, workspace, as_json=as_json)
    else:
        print(_shown(_read(home, job, workspace), as_json=as_json))


@lane.command("set")
def set_lane(
    job: JobArgument,
    workspace: RequiredWorkspace,
    limit: Annotated[int | None, typer.Option("--limit", min=1, max=MOST, help="Runs at once.")] = None,
    weight: Annotated[float | None, typer.Option("--weight", help="Share between workspaces; 1 is usual.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a workspace another limit or weight than its job's. Counts at once.

    Example:

      groundwork lane set process-csv --workspace acme --limit 4 --weight 2
    """
    if weight is not None and not 0 < weight <= _LARGEST_WEIGHT:
        raise typer.BadParameter(f"--weight {weight}: above 0, and at most {_LARGEST_WEIGHT:,.0f}")
    with inbox(home) as connection:
        from groundwork.events.inbox import lanes as inbox_lanes

        inbox_lanes.set_lane(connection, job, workspace, limit=limit, weight=weight)
    _say({"job": job, "workspaceId": workspace, "limit": limit, "weight": weight}, as_json=as_json)


@lane.command("unset")
def unset_lane(
    job: JobArgument, workspace: KnownWorkspace, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Give a workspace its job's own limit and weight again.

    Example:

      groundwork lane unset process-csv --workspace acme
    """
    with inbox(home) as connection:
        from groundwork.events.inbox import lanes as inbox_lanes

        inbox_lanes.unset_lane(connection, job, workspace)
    _say({"job": job, "workspaceId": workspace, "limit": None, "weight": None}, as_json=as_json)


def _say(lane: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(lane))
        return
    values = ", ".join(f"{name} {lane[name]}" for name in ("limit", "weight") if lane[name] is not None)
    print(f"{lane['job']} of {lane['workspaceId']}: {values or 'as the job says'}")


def _read(home: Path | None, job: str | None, workspace: str | None) -> "list[Lane]":
    with inbox(home) as connection:
        from groundwork.events.inbox.jobs import check_job
        from groundwork.events.inbox.lanes import lanes

        check_job(connection, job)
        found = lanes(connection)
    return [each for each in found if job in (None, each.job) and workspace in (None, each.workspace_id)]


def _watch(home: Path | None, job: str | None, workspace: str | None, *, as_json: bool) -> None:
    """Show the lanes once a second until Ctrl-C, on a screen of their own where the output is a terminal."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False)
    # A second Ctrl-C, which also comes where a signal is sent to the process and to its group, changes nothing.
    with contextlib.suppress(KeyboardInterrupt), interruptible():
        if as_json or not console.is_terminal:
            while True:
                print(_shown(_read(home, job, workspace), as_json=as_json), flush=True)
                time.sleep(_REFRESH_SECONDS)
        with Live(console=console, screen=True, auto_refresh=False) as screen:
            while True:
                # Names are folded where the terminal is too narrow: half a name is nobody's.
                screen.update(Text(_shown(_read(home, job, workspace), as_json=False), overflow="fold"), refresh=True)
                time.sleep(_REFRESH_SECONDS)


def _shown(found: "Sequence[Lane]", *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"lanes": [each.model_dump(by_alias=True) for each in found]})
    return table([_HEADINGS, *map(_row, found)], _TEXTS) if found else "no lane holds anything"


def _row(each: "Lane") -> tuple[str, ...]:
    return (
        each.workspace_id,
        each.job,
        f"{each.queued:,}",
        f"{each.scheduled:,}",
        f"{each.running:,}",
        f"{each.waiting:,}",
        "" if each.limit >= UNLIMITED else f"{each.limit:,}",
        f"{each.weight:g}",
        "" if each.oldest_wait_seconds is None else f"{each.oldest_wait_seconds:,.1f} s",
        _standing(each),
    )


def _standing(each: "Lane") -> str:
    if each.retired or each.paused:
        return "retired" if each.retired else "paused"
    if each.held_because:
        # The rest is the cure, which may be a block of prefect.yaml: --json and `groundwork status` have it.
        return printable(each.held_because.partition(". ")[0].partition("\n")[0])
    dropped = [f"rate limit: {each.dropped:,} dropped"] if each.dropped else []
    return "; ".join(map(printable, [*each.at_limit, *dropped]))
