"""``groundwork demo contacts``."""

from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.deployments.commands.options import HomeOption, JsonOption, use_home

if TYPE_CHECKING:
    from groundwork.events.client import GatewayClient

_MOST_ROWS = 100_000_000


def demo(
    rows: Annotated[int, typer.Option("--rows", min=1, max=_MOST_ROWS, help="Rows of the CSV.")] = 100_000,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a CSV through the whole path, on this machine, and say where to look.

    Starts every part and stops it again; where `groundwork up` already runs on the home, uses that. Exit code 1 if the
    import fails.

    Examples:

      groundwork demo

      groundwork demo --rows 1000000 --json
    """
    use_home(home)
    from groundwork.deployments.commands.own_stack import demonstrate

    def show(client: "GatewayClient") -> bool:
        from groundwork.deployments.commands.contacts.demonstration import import_contacts

        return import_contacts(client, rows, as_json=as_json)

    if not demonstrate(show, home, quiet=as_json):
        raise typer.Exit(1)
