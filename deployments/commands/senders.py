"""``groundwork senders``: database roles that send by SQL, and the workspaces for which they may."""

import json
from typing import Annotated

import typer

from groundwork.deployments.commands.options import HomeOption, JsonOption, inbox

app = typer.Typer(help="Database roles that may send by SQL, and for which workspaces.", no_args_is_help=True)

RoleArgument = Annotated[str, typer.Argument(help="Role as which the application logs in.", show_default=False)]


@app.command("list")
def list_senders(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the members of groundwork_sender, and the roles that are bound to workspaces.

    Example:

      groundwork senders list
    """
    with inbox(home) as connection:
        from groundwork.events.inbox.senders import senders

        found = senders(connection)
    if as_json:
        rows = [{"role": each.role, "maySend": each.may_send, "workspaces": each.workspaces} for each in found]
        print(json.dumps({"senders": rows}))
        return
    for each in found:
        workspaces = "every workspace" if each.workspaces is None else ", ".join(each.workspaces) or "no workspace"
        print(f"{each.role}: {workspaces}{'' if each.may_send else ' (no direct member of groundwork_sender)'}")
    if not found:
        print("no role is a member of groundwork_sender: GRANT groundwork_sender TO <role>")


@app.command("bind")
def bind(
    role: RoleArgument,
    workspace: Annotated[list[str], typer.Option("--workspace", help="May be given several times.")],
    home: HomeOption = None,
) -> None:
    """Have a role send for these workspaces and for no others, in place of what it was bound to. Counts at once.

    Example:

      groundwork senders bind acme_web --workspace acme --workspace acme-test
    """
    from groundwork.events.identifiers import WorkspaceId

    try:
        workspaces = [str(WorkspaceId(each)) for each in workspace]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with inbox(home) as connection:
        from groundwork.events.inbox.senders import bind_sender

        bind_sender(connection, role, workspaces)
    print(f"{role} sends for {', '.join(workspaces)}, and for no other workspace")


@app.command("free")
def free(role: RoleArgument, home: HomeOption = None) -> None:
    """Let a role send for every workspace again.

    Example:

      groundwork senders free acme_web
    """
    with inbox(home) as connection:
        from groundwork.events.inbox.senders import free_sender

        bound = free_sender(connection, role)
    print(f"{role} may send for every workspace" if bound else f"{role} was bound to no workspace")
    if not bound:
        raise typer.Exit(1)
