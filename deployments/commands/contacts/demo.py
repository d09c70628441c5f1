"""``groundwork demo``."""

from typing import Annotated

import typer

from groundwork.deployments.commands.options import HomeOption, JsonOption, use_home

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
    from groundwork.deployments.commands.contacts.own_stack import demonstrate

    if not demonstrate(home, rows, as_json=as_json):
        raise typer.Exit(1)
