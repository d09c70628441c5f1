"""``groundwork export``."""

import csv
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.words import printable
from groundwork.deployments.commands.options import (
    HomeOption,
    JsonOption,
    RequiredWorkspace,
    UserIdOption,
    uploading_client,
)

if TYPE_CHECKING:
    from uuid import UUID

    from groundwork.events.client import GatewayClient
    from groundwork.events.inbox import EventStatus

_COPY_BYTES = 1024 * 1024
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}


def export(
    workspace: RequiredWorkspace,
    user: UserIdOption = "operator",
    file_format: Annotated[Literal["csv", "parquet"], typer.Option("--format", help="Of the file.")] = "csv",
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            help="Comma-separated, in their order; custom fields as custom.Plan. A name with a comma stands in quotes.",
        ),
    ] = None,
    condition: Annotated[
        str | None, typer.Option("--filter", help='JSON, such as {"tagsAny": ["vip"], "custom": {"Plan": "pro"}}.')
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Leave cells that a spreadsheet would execute as they are.")
    ] = False,
    delimiter: Annotated[
        str, typer.Option("--delimiter", help="Of a CSV: comma, semicolon (Excel in Europe) or tab.")
    ] = "comma",
    mark: Annotated[bool, typer.Option("--bom", help="Begin a CSV with a byte order mark, for Excel.")] = False,
    headers: Annotated[
        Literal["keys", "labels"], typer.Option("--headers", help="first_name, or First name.")
    ] = "keys",
    out: Annotated[
        Path | None, typer.Option("--out", help="Copy the finished file here; implies --wait.", dir_okay=False)
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Show progress until the export has ended.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create an export record and confirm it with a signed event. Exit code 1 if the export fails.

    Examples:

      groundwork export --workspace acme --out contacts.csv --delimiter semicolon --bom --headers labels

      groundwork export --workspace acme --format parquet --columns email,custom.Plan --filter '{"city": "Ulm"}' --wait
    """
    if out is not None:
        _check_writable(out)
    data: dict[str, Any] = {
        "format": file_format,
        "neutraliseFormulas": not raw,
        "delimiter": _DELIMITERS.get(delimiter, delimiter),
        "byteOrderMark": mark,
        "headers": headers,
    }
    if columns is not None:
        data["columns"] = [name.strip() for name in next(csv.reader([columns], skipinitialspace=True), [])]
    if condition is not None:
        data["filter"] = _parsed(condition)
    client = uploading_client(home)
    event_id = _start(client, workspace, user, data)
    if not (wait or out):
        print(json.dumps({"id": str(event_id)}) if as_json else f"accepted as {event_id}; groundwork status {event_id}")
        return
    from groundwork.blocks.blob.store import blob_store
    from groundwork.deployments.commands.watch import only_delivery, watch

    status = watch(client, event_id, quiet=as_json)
    delivery = only_delivery(status)
    if out and delivery.state == "done":
        with blob_store().open(delivery.result["blob_path"]) as source, out.open("wb") as target:
            shutil.copyfileobj(source, target, _COPY_BYTES)
    print(status.model_dump_json(by_alias=True) if as_json else outcome(status, out))
    if delivery.state != "done":
        raise typer.Exit(1)


def _check_writable(out: Path) -> None:
    """Find out before the export runs whether its file can be written here.

    Raises:
        OSError: it cannot.
    """
    existed = out.exists()
    out.open("ab").close()
    if not existed:
        out.unlink()


def _start(client: "GatewayClient", workspace: str, user: str, data: dict[str, Any]) -> "UUID":
    """Do what an application's export dialogue does.

    Returns:
        The id of the accepted event.
    """
    from pydantic import ValidationError

    from groundwork.blocks.database import database
    from groundwork.blocks.faults import lines_of
    from groundwork.blocks.uuid7 import uuid7
    from groundwork.events.contacts.exports import CsvExportConfirmed
    from groundwork.tasks.contacts.exports.record import create_export

    export_id = str(uuid7())
    given = {"exportId": export_id, "workspaceId": workspace, "userId": user} | data
    try:
        event = CsvExportConfirmed.model_validate(given)
    except ValidationError as error:
        raise ConfigurationError(f"the export cannot be asked for:{lines_of(error)}") from None
    with database().transaction() as connection:
        create_export(connection, export_id=export_id, workspace_id=workspace, user_id=user)
    return client.send(event, id=export_id)


def _parsed(condition: str) -> Any:
    try:
        return json.loads(condition)
    except ValueError as error:
        raise ConfigurationError(f"--filter is not JSON: {error}") from None
    except RecursionError:
        raise ConfigurationError("--filter is nested too deeply") from None


def outcome(status: "EventStatus", out: Path | None) -> str:
    """How the export ended, for people."""
    from groundwork.blocks.blob.store import blob_store

    [delivery] = status.deliveries
    if delivery.state != "done":
        return f"{delivery.state}: {printable(delivery.last_error or '')}"
    result = delivery.result
    lines = [
        f"{result['status']} in {result['seconds']:.1f} s",
        f"  {'contacts':<11}{result['rows']:>14,}",
        f"  {'bytes':<11}{result['bytes']:>14,}",
        f"  {'SHA-256':<11}{result['sha256']}",
        f"  {'file':<11}{blob_store().location(result['blob_path'])}",
    ]
    if out:
        lines.append(f"  {'copied to':<11}{out}")
    lines += [f"  warning: {printable(each)}" for each in result.get("warnings", ())]
    return "\n".join(lines)
