"""``groundwork nurture connect``: an agency's account at its CRM, and how we get in."""

import json
import sys
from typing import Annotated, Literal

import typer

from groundwork.deployments.commands.options import HomeOption, JsonOption, RequiredWorkspace, inbox

_LONGEST_TOKEN = 4_096


def connect(
    account: Annotated[
        str, typer.Argument(help="hubspot:<id of the portal>, reapit:<code of the customer>, or table for none.")
    ],
    *,
    workspace: RequiredWorkspace,
    kind: Annotated[
        Literal["access", "refresh", "none"],
        typer.Option(
            "--token",
            help="What is read from standard input: a private app's access token, or a refresh token of OAuth. none: "
            "nothing is read, and what is kept stays.",
        ),
    ] = "none",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", help="Setting of the account, as name=value: company_id, office_id, negotiator_id."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which account at which CRM an agency has, and keep its token, encrypted. The token comes by standard input:
    what stands in a command line can be read by others and stays in its history.

    Examples:

      groundwork nurture connect hubspot:62515 --workspace acme --token access < token.txt

      groundwork nurture connect reapit:SBOX --workspace acme --option office_id=OXF --option negotiator_id=JAS
    """
    options = dict(_named(each) for each in option or ())
    secret = _read(kind) if kind != "none" else ""
    with inbox(home) as connection:
        from groundwork.blocks.nurture.crm.credentials import keep_credential, read_credential
        from groundwork.blocks.nurture.crm.crm import CrmAccount, crm_at
        from groundwork.tasks.nurture.crm import connect_account

        found = CrmAccount.of(workspace, account.partition(":")[0], account)
        crm_at(found)  # refuses what it does not know
        connect_account(connection, found)
        kept = {} if secret else (read_credential(connection, found.key) or {})
        if secret or options:
            given = {f"{kind}_token": secret} if secret else {}
            keep_credential(found.key, kept | given | options, connection)
    if as_json:
        print(json.dumps({"workspaceId": workspace, "account": found.key, "token": kind, "options": options}))
    else:
        print(f"The CRM of {workspace} is {found.key} now.")


def _named(option: str) -> tuple[str, str]:
    name, mark, value = option.partition("=")
    if not mark or not name.isidentifier() or name.endswith("_token") or not value.isprintable():
        raise typer.BadParameter(f"--option {option!r}: write it as name=value; a token comes by standard input")
    return name, value


def _read(kind: str) -> str:
    if sys.stdin.isatty():
        secret = str(typer.prompt(f"The {kind} token", hide_input=True))
    else:
        secret = sys.stdin.readline(_LONGEST_TOKEN + 2)
    secret = secret.strip()
    if not secret or len(secret) > _LONGEST_TOKEN or not secret.isascii() or not secret.isprintable():
        raise typer.BadParameter("standard input has no token: give it in one line")
    return secret
