"""``groundwork import``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from groundwork.blocks.words import printable
from groundwork.deployments.commands.contacts.import_preview import chosen_options, show_preview
from groundwork.deployments.commands.options import HomeOption, JsonOption, UserIdOption, identifier, uploading_client

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from groundwork.events.client import GatewayClient
    from groundwork.events.contacts.imports import ImportOptions
    from groundwork.events.identifiers import UserId, WorkspaceId
    from groundwork.events.inbox import EventStatus


def import_file(
    file: Annotated[
        Path,
        typer.Argument(help="A CSV of contacts; .csv.gz and .zip too.", exists=True, dir_okay=False, readable=True),
    ],
    workspace: Annotated[
        str | None, typer.Option("--workspace", help="The workspace; not asked for by --preview.", callback=identifier)
    ] = None,
    user: UserIdOption = "operator",
    on_conflict: Annotated[
        Literal["update", "skip"],
        typer.Option("--on-conflict", help="What to do with contacts that are there already."),
    ] = "update",
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            help="HEADER=FIELD, may be repeated. HEADER: a header of the file, or # and its number. FIELD: email, "
            "first_name, …, full_name, custom.<field>, or nothing to leave the column out.",
        ),
    ] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", help="Such as cp1252. Default: guessed.")] = None,
    delimiter: Annotated[str | None, typer.Option("--delimiter", help="One character. Default: guessed.")] = None,
    header_line: Annotated[
        str | None, typer.Option("--header-line", help="Line of the header, or none. Default: guessed.")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show how the file would be read, and import nothing.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Show progress until the import has ended.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Upload a CSV, create its import record, and confirm it with a signed event.

    With --wait, exit code 1 if the import fails or every row is rejected.

    Examples:

      groundwork import contacts.csv --preview

      groundwork import contacts.csv --workspace acme --wait --column "Mail=email" --column "Notes="

      groundwork import contacts.csv.gz --workspace acme --on-conflict skip --json
    """
    options = chosen_options(
        {"on_conflict": on_conflict, "encoding": encoding, "delimiter": delimiter, "header_line": header_line}, column
    )
    if preview:
        show_preview(file, options, as_json=as_json)
        return
    if workspace is None:
        raise typer.BadParameter("say whose contacts they are, as in --workspace acme", param_hint="--workspace")
    client = uploading_client(home)
    from groundwork.deployments.commands.watch import only_delivery, watch
    from groundwork.events.identifiers import UserId, WorkspaceId

    event_id = start_import(client, file, WorkspaceId(workspace), UserId(user), options)
    if not wait:
        print(json.dumps({"id": str(event_id)}) if as_json else f"accepted as {event_id}; groundwork status {event_id}")
        return
    status = watch(client, event_id, quiet=as_json)
    print(status.model_dump_json(by_alias=True) if as_json else outcome(status))
    delivery = only_delivery(status)
    if delivery.state != "done" or nothing_came_in(delivery.result):
        raise typer.Exit(1)


def nothing_came_in(result: "Mapping[str, Any]") -> bool:
    """Whether every row of an import that ended was rejected."""
    return bool(0 < result["rows"] == result["rejected"])


def start_import(
    client: "GatewayClient", file: Path, workspace_id: "WorkspaceId", user_id: "UserId", options: "ImportOptions"
) -> "UUID":
    """Do what an application's upload page does.

    Returns:
        The id of the accepted event.
    """
    from groundwork.blocks.blob.store import blob_store
    from groundwork.blocks.database import database
    from groundwork.blocks.uuid7 import uuid7
    from groundwork.events.contacts.imports import CsvImportConfirmed
    from groundwork.tasks.contacts.imports.record import create_import

    import_id = str(uuid7())
    key = f"imports/{import_id}/upload{''.join(file.suffixes[-2:])}"
    blob_store().upload(file, key)
    with database().transaction() as connection:
        create_import(
            connection,
            import_id=import_id,
            workspace_id=workspace_id,
            user_id=user_id,
            filename=file.name,
            blob_path=key,
        )
    event = CsvImportConfirmed(import_id=import_id, workspace_id=workspace_id, user_id=user_id, options=options)
    return client.send(event, id=import_id)


def outcome(status: "EventStatus") -> str:
    """How the import ended, for people."""
    from groundwork.blocks.blob.store import blob_store

    [delivery] = status.deliveries
    if delivery.state != "done":
        return f"{delivery.state}: {printable(delivery.last_error or '')}"
    result = delivery.result
    lines = [
        f"{result['status'].replace('_', ' ')} in {result['seconds']:.1f} s",
        *(f"  {name:<11}{result[name]:>12,}" for name in ("rows", "inserted", "updated", "skipped", "duplicates")),
        f"  {'rejected':<11}{result['rejected']:>12,}",
        *(f"    {reason}: {rows:,}" for reason, rows in result["reasons"].items()),
    ]
    if result["rejects_path"]:
        lines.append(f"  rejected rows: {blob_store().location(result['rejects_path'])}")
    return "\n".join(lines)
