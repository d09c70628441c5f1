"""``groundwork nurture webhook-secret``."""

import json
from typing import Annotated

import typer

from groundwork.deployments.commands.options import HomeOption, JsonOption, RequiredWorkspace, inbox


def webhook_secret(
    workspace: RequiredWorkspace,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make a new one. The one before is signed with as well, until the next.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the secret by which an agency verifies its webhook (Standard Webhooks). Whoever has it can pose as us.

    Examples:

      groundwork nurture webhook-secret --workspace acme

      groundwork nurture webhook-secret --workspace acme --rotate
    """
    with inbox(home) as connection:
        from groundwork.events.identifiers import WorkspaceId
        from groundwork.tasks.nurture.agency import agency_of
        from groundwork.tasks.nurture.webhooks.signing import next_version, webhook_secrets

        workspace_id = WorkspaceId.stored(workspace)
        if rotate:
            next_version(connection, workspace_id)
        version = agency_of(connection, workspace_id).webhook_secret_version
        secret = webhook_secrets(workspace_id, version)[0]
    print(json.dumps({"workspaceId": workspace, "version": version, "secret": secret}) if as_json else secret)
