"""``groundwork user``: users, for whoever tries Groundwork before an application stores its own."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from groundwork.blocks.words import printable
from groundwork.deployments.commands.options import HomeOption, JsonOption, RequiredWorkspace, identifier, inbox
from groundwork.events.identifiers import UserId, WorkspaceId

app = typer.Typer(help="Users, whom mails are sent to.", no_args_is_help=True)


@app.command("add")
def add(
    user_id: Annotated[str, typer.Argument(help="Id of the user, such as ada.", callback=identifier)],
    workspace: RequiredWorkspace,
    email: Annotated[str, typer.Option("--email", help="Where their mails go.")],
    name: Annotated[str, typer.Option("--name", help="What mails call them.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store a user, as an application does at sign-up; one that is there already gets the new address and name.

    Example:

      groundwork user add ada --workspace acme --email ada@example.com --name Ada
    """
    from groundwork.blocks.mail.addresses import mail_address

    try:
        mail_address(email)
    except ValueError as error:
        raise typer.BadParameter(f"--email: {error}; write it as ada@example.com") from None
    if not name.isprintable():
        raise typer.BadParameter(f"--name {name!r} has characters that do not print")
    with inbox(home) as connection:
        from groundwork.notifications.users import store_user

        store_user(connection, user_id, workspace, email=email, name=name)
    if as_json:
        print(json.dumps({"id": user_id, "workspaceId": workspace, "email": email, "name": name}))
    else:
        print(f"{user_id} of {workspace} is stored, with {email}")


@app.command("bounces")
def bounces(workspace: RequiredWorkspace, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the addresses of a workspace's users from which mail came back. Nothing is sent to hard ones.

    Example:

      groundwork user bounces --workspace acme
    """
    with inbox(home) as connection:
        from groundwork.notifications.bounces import bounces as found

        rows = found(connection, WorkspaceId.stored(workspace))
    if as_json:
        print(json.dumps([asdict(each) | {"bounced_at": each.bounced_at.isoformat()} for each in rows]))
        return
    for each in rows:
        told = f"{each.user_id}  {each.address}  {each.kind}, {each.times} times, last {each.bounced_at:%Y-%m-%d %H:%M}"
        print(printable(f"{told}: {each.reason}"))
    if not rows:
        print(f"no mail to users of {workspace} came back")


@app.command("works-again")
def works_again(
    user_id: Annotated[str, typer.Argument(help="Id of the user.", callback=identifier)],
    workspace: RequiredWorkspace,
    home: HomeOption = None,
) -> None:
    """Send mail to a user's address again, which was marked as it bounced.

    Example:

      groundwork user works-again ada --workspace acme
    """
    with inbox(home) as connection:
        from groundwork.notifications.bounces import forget_bounce

        marked = forget_bounce(connection, WorkspaceId.stored(workspace), UserId.stored(user_id))
    print(f"{user_id} of {workspace} gets mail again" if marked else f"{user_id} of {workspace} was not marked")
