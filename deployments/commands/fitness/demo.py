"""``groundwork demo platform``."""

from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.deployments.commands.options import HomeOption, JsonOption, use_home

if TYPE_CHECKING:
    from groundwork.events.client import GatewayClient

_FEWEST_MEMBERS, _MOST_MEMBERS = 10, 20_000


def demo(
    members: Annotated[
        int, typer.Option("--members", min=_FEWEST_MEMBERS, max=_MOST_MEMBERS, help="Invented members of the gym.")
    ] = 2_000,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give an invented gym 90 days of workouts and nights, and watch scores, risks and feeds come of them; then one
    member trains far too much, and the coach is told. Last, say where to look.

    Starts every part and stops it again; where `groundwork up` already runs on the home, uses that. Each demo is a new
    workspace. Mails are files: it is refused where they would go to a mail server. Exit code 1 if something does not
    come through.

    Examples:

      groundwork demo platform

      groundwork demo platform --members 100 --json
    """
    use_home(home)
    from groundwork.deployments.commands.own_stack import demonstrate

    def show(_client: "GatewayClient") -> bool:
        from groundwork.deployments.commands.fitness.demonstration.course import run

        return run(members, as_json=as_json)

    if not demonstrate(show, home, quiet=as_json):
        raise typer.Exit(1)
