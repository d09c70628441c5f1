"""``groundwork open``."""

import json
import webbrowser
from typing import Annotated

import typer

from groundwork.deployments.commands.options import HomeOption, JsonOption, running_on, use_home


def open_console(
    event_id: Annotated[str | None, typer.Argument(help="An event to look at, or how its id begins.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open the console in a browser: of the gateway that runs on this home, or else of GROUNDWORK_PUBLIC_URL.

    Prints the address, for machines without a browser.

    Examples:

      groundwork open

      groundwork open 0199f0c2
    """
    from groundwork.blocks.public_address import public_address

    settings = use_home(home)
    running = running_on(settings.home)
    base = running.gateway_url if running else public_address()
    # Who listens on every address is found at the machine's own.
    url = f"{base.rstrip('/').replace('//0.0.0.0:', '//127.0.0.1:')}/console"
    if event_id is not None:
        from groundwork.deployments.commands.ids import digits_of

        url += f"/events?id={digits_of(event_id)}"
    print(json.dumps({"url": url}) if as_json else url)
    if not as_json:
        webbrowser.open(url)
