"""``groundwork workspace``: how mails to a workspace's users write dates and numbers."""

import json
from typing import Annotated

import typer

from groundwork.deployments.commands.options import HomeOption, JsonOption, identifier, inbox
from groundwork.events.identifiers import WorkspaceId

app = typer.Typer(help="What is set for a workspace.", no_args_is_help=True)


@app.command("set")
def set_(
    workspace: Annotated[str, typer.Argument(help="Id of the workspace, such as acme.", callback=identifier)],
    *,
    locale: Annotated[str | None, typer.Option("--locale", help="Of dates and numbers, such as de or en-US.")] = None,
    time_zone: Annotated[str | None, typer.Option("--time-zone", help="IANA name, such as Europe/Berlin.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set or, without options, show how mails to a workspace's users write dates, times and numbers.

    Example:

      groundwork workspace set acme --locale de --time-zone Europe/Berlin
    """
    with inbox(home) as connection:
        from groundwork.notifications.workspaces import local_of, set_local

        asked = WorkspaceId.stored(workspace)
        if locale is None and time_zone is None:
            now = local_of(connection, asked)
        else:
            now = set_local(connection, asked, locale=locale, time_zone=time_zone)
    if as_json:
        print(json.dumps({"workspaceId": workspace, "locale": now.locale, "timeZone": now.time_zone}))
    else:
        print(f"mails to users of {workspace} have dates and numbers of {now.locale}, and times of {now.time_zone}")
