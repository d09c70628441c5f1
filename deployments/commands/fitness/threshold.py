"""``groundwork fitness threshold``: what a workspace's figures are held against."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.deployments.commands.options import HomeOption, JsonOption, KnownWorkspace, RequiredWorkspace, inbox

if TYPE_CHECKING:
    from groundwork.tasks.fitness.risks.thresholds import Threshold

threshold = typer.Typer(help="Thresholds of a workspace, by which its risks are found.", no_args_is_help=True)

FigureArgument = Annotated[str, typer.Argument(help="Name of the figure; `threshold list` has them.")]


@threshold.command("set")
def set_threshold(
    figure: FigureArgument,
    *,
    workspace: RequiredWorkspace,
    above: Annotated[float | None, typer.Option("--above", help="A value above it is told of.")] = None,
    below: Annotated[
        float | None, typer.Option("--below", help="Below it the risk is over. Default: nine tenths of --above.")
    ] = None,
    cool_down: Annotated[
        int | None, typer.Option("--cool-down", min=0, help="Days after an alert without another. Default: as it was.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Do not look at the figure.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a workspace a threshold of its own for a figure. It counts from the next check on.

    Examples:

      groundwork fitness threshold set load-spike --workspace acme --above 1.5 --below 1.3

      groundwork fitness threshold set churn --workspace acme --off
    """
    if off == (above is not None):
        raise typer.BadParameter("say --above, or --off")
    with inbox(home) as connection:
        from groundwork.events.identifiers import WorkspaceId
        from groundwork.tasks.fitness.risks import thresholds
        from groundwork.tasks.fitness.risks.thresholds import Threshold

        thresholds.figure_named(figure)
        workspace_id = WorkspaceId(workspace)
        if cool_down is None:
            cool_down = thresholds.thresholds(connection, workspace_id)[figure].cool_down_days
        if below is None and above is not None:
            below = round(above * 0.9, 6)
        thresholds.set_threshold(connection, workspace_id, Threshold(figure, above, below, cool_down))
        found = thresholds.thresholds(connection, workspace_id)[figure]
    _say([found], as_json=as_json)


@threshold.command("unset")
def unset_threshold(
    figure: FigureArgument, workspace: KnownWorkspace, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Let the figure's own threshold count in a workspace again.

    Example:

      groundwork fitness threshold unset churn --workspace acme
    """
    with inbox(home) as connection:
        from groundwork.events.identifiers import WorkspaceId
        from groundwork.tasks.fitness.risks import thresholds

        workspace_id = WorkspaceId.stored(workspace)
        thresholds.unset_threshold(connection, workspace_id, figure)
        found = thresholds.thresholds(connection, workspace_id)[figure]
    _say([found], as_json=as_json)


@threshold.command("list")
def list_thresholds(workspace: KnownWorkspace, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the threshold of each figure in a workspace.

    Example:

      groundwork fitness threshold list --workspace acme
    """
    with inbox(home) as connection:
        from groundwork.events.identifiers import WorkspaceId
        from groundwork.tasks.fitness.risks import thresholds

        found = thresholds.thresholds(connection, WorkspaceId.stored(workspace))
    _say(list(found.values()), as_json=as_json)


def _say(found: "list[Threshold]", *, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "figure": each.figure,
                "above": each.above,
                "below": each.below,
                "coolDownDays": each.cool_down_days,
                "own": each.own,
            }
            for each in found
        ]
        print(json.dumps({"thresholds": rows}))
        return
    for each in found:
        print(f"{each.figure}: {_limits(each)}{' (own)' if each.own else ''}")


def _limits(each: "Threshold") -> str:
    if each.above is None:
        return "not looked at"
    return f"above {each.above:g}, over below {each.below:g}, {each.cool_down_days} days between alerts"
