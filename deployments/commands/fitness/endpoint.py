"""``groundwork fitness endpoint``: where a workspace has its scores and alerts pushed to."""

import json
from typing import Annotated

import typer

from groundwork.deployments.commands.options import HomeOption, JsonOption, KnownWorkspace, RequiredWorkspace, inbox

app = typer.Typer(help="Where a workspace has its scores and alerts pushed to.", no_args_is_help=True)


@app.command("set")
def set_url(
    url: Annotated[str, typer.Argument(help="https://… of the receiver.")],
    workspace: RequiredWorkspace,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Push a workspace's scores and alerts to a URL, and print the secret that they are signed with, this once.

    Replaces the endpoint that there is, and its secret.

    Example:

      groundwork fitness endpoint set https://dashboard.example.com/hooks --workspace acme
    """
    with inbox(home) as connection:
        from groundwork.events.identifiers import WorkspaceId
        from groundwork.tasks.fitness.pushes.endpoint import set_endpoint

        secret = set_endpoint(connection, WorkspaceId(workspace), url)
    if as_json:
        print(json.dumps({"workspaceId": workspace, "url": url, "secret": secret}))
    else:
        print(f"Pushes of {workspace} go to {url}, signed (Standard Webhooks) with\n\n  {secret}\n")
        print("Give it to the receiver. It is not shown again; set the endpoint anew for another one.")


@app.command("show")
def show(workspace: KnownWorkspace, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show where a workspace's pushes go, and whether they arrive."""
    with inbox(home) as connection:
        from groundwork.events.identifiers import WorkspaceId
        from groundwork.tasks.fitness.pushes.endpoint import endpoint_of

        found = endpoint_of(connection, WorkspaceId.stored(workspace))
    if found is None:
        _none_of(workspace)
        return
    shown = {
        "workspaceId": found.workspace_id,
        "url": found.url,
        "failures": found.failures,
        "failingSince": found.failing_since.isoformat() if found.failing_since else None,
        "lastFailure": found.last_failure,
        "pausedAt": found.paused_at.isoformat() if found.paused_at else None,
    }
    if as_json:
        print(json.dumps(shown))
        return
    print(f"{found.url}: {'paused' if found.paused_at else 'pushes are sent'}")
    if found.failing_since:
        print(f"{found.failures} tries failed since {found.failing_since:%Y-%m-%d %H:%M} UTC: {found.last_failure}")


@app.command("resume")
def resume(workspace: KnownWorkspace, home: HomeOption = None) -> None:
    """End the pause of an endpoint. What came about meanwhile is not sent later."""
    with inbox(home) as connection:
        from groundwork.events.identifiers import WorkspaceId
        from groundwork.tasks.fitness.pushes.endpoint import resume_endpoint

        found = resume_endpoint(connection, WorkspaceId.stored(workspace))
    if not found:
        _none_of(workspace)
        return
    print(f"Pushes of {workspace} are sent again.")


@app.command("remove")
def remove(workspace: KnownWorkspace, home: HomeOption = None) -> None:
    """Push to a workspace's endpoint no more, and forget its secret."""
    with inbox(home) as connection:
        from groundwork.events.identifiers import WorkspaceId
        from groundwork.tasks.fitness.pushes.endpoint import remove_endpoint

        found = remove_endpoint(connection, WorkspaceId.stored(workspace))
    if not found:
        _none_of(workspace)
        return
    print(f"Nothing of {workspace} is pushed any more.")


def _none_of(workspace: str) -> None:
    """Say that there is no endpoint, and end with 1."""
    typer.echo(f"{workspace} has no endpoint. Set one: groundwork fitness endpoint set URL --workspace …", err=True)
    raise typer.Exit(1)
