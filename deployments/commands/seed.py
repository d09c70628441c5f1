"""``groundwork seed``: data of an application to begin with."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.blocks.applications import Application
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.suggestions import did_you_mean
from groundwork.deployments.commands.options import HomeOption, JsonOption, identifier, inbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from groundwork.events.identifiers import WorkspaceId

    Seed = Callable[[Connection, WorkspaceId], dict[str, int]]


def seed(
    name: Annotated[str, typer.Argument(help="The application: contacts, fitness or nurture, or one of yours.")],
    workspace: Annotated[
        str | None,
        typer.Option("--workspace", help="The workspace. Default: seed-NAME.", callback=identifier),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store data of an application to begin with, as it would itself: a second time changes nothing.

    Its events are sent in the same transaction; jobs run for them where `groundwork up` runs. Mails are files: it is
    refused where they would go to a mail server.

    Examples:

      groundwork seed contacts

      groundwork seed nurture --workspace acme
    """
    with inbox(home) as connection:
        from groundwork.blocks.applications import applications
        from groundwork.deployments.commands.outbox import refuse_mail_server
        from groundwork.events.identifiers import WorkspaceId

        refuse_mail_server("a seed")
        application = _with_seed(applications(), name)
        sow: Seed = application.named(str(application.seed))
        id = WorkspaceId(workspace or f"seed-{name}")
        stored = sow(connection, id)
    if as_json:
        print(json.dumps({"application": name, "workspaceId": id, "stored": stored}))
    else:
        told = ", ".join(f"{number:,} {what}" for what, number in stored.items())
        print(f"workspace {id}: {told} new or changed")


def _with_seed(applications: Iterable[Application], name: str) -> Application:
    """The application of a name.

    Raises:
        ConfigurationError: there is none that has a seed.
    """
    found = {each.name: each for each in applications if each.seed is not None}
    if name not in found:
        raise ConfigurationError(f"no application {name!r} has a seed{did_you_mean(name, list(found))}")
    return found[name]
