"""``groundwork demo nurture``."""

from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.deployments.commands.options import HomeOption, JsonOption, use_home

if TYPE_CHECKING:
    from groundwork.events.client import GatewayClient

_MOST_CONTACTS = 10_000


def demo(
    contacts: Annotated[
        int, typer.Option("--contacts", min=1, max=_MOST_CONTACTS, help="Invented contacts that are categorised.")
    ] = 500,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Categorise contacts of an invented agency, and watch sequences being written and synced, mails going out, and one
    lead getting hot; then say where to look.

    Starts every part and stops it again; where `groundwork up` already runs on the home, uses that. Each demo is a new
    workspace. Mails are files: it is refused where they would go to a mail server. Exit code 1 if something does not
    come through.

    Examples:

      groundwork demo nurture

      groundwork demo nurture --contacts 50 --json
    """
    use_home(home)
    from groundwork.deployments.commands.own_stack import demonstrate

    def show(_client: "GatewayClient") -> bool:
        from groundwork.deployments.commands.nurture.demonstration.course import run

        return run(contacts, as_json=as_json)

    if not demonstrate(show, home, quiet=as_json):
        raise typer.Exit(1)
