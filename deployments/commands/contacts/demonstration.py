"""What ``groundwork demo`` does."""

import json
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import database
from groundwork.blocks.settings import settings
from groundwork.deployments.commands.contacts.import_file import outcome, start_import
from groundwork.deployments.commands.contacts.sample_contacts import write_contacts
from groundwork.deployments.commands.options import running_on
from groundwork.deployments.commands.watch import only_delivery, watch
from groundwork.events.client import GatewayClient
from groundwork.events.contacts.imports import ImportOptions
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import EventStatus
from groundwork.notifications.users import store_user

_WORKSPACE, _USER = WorkspaceId("demo"), UserId("demo-user")


def import_contacts(client: GatewayClient, rows: int, *, as_json: bool) -> bool:
    """Import a CSV through the whole path; the arguments are those of the command.

    Returns:
        Whether the import came through.
    """
    console = Console(stderr=True, quiet=as_json, highlight=False)
    return _run(console, client, rows, as_json=as_json)


def _run(console: Console, client: GatewayClient, rows: int, *, as_json: bool) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        console.print(f"Writing a CSV of {rows:,} contacts, with some duplicates and some mistakes ...")
        file = write_contacts(Path(folder) / "contacts.csv", rows, duplicates=0.01, invalid=0.005, ragged=0.002)
        _ensure_user()
        console.print("Uploading it and sending the event import/csv.confirmed ...")
        event_id = start_import(client, file, _WORKSPACE, _USER, ImportOptions())
        console.print(f"Accepted as {event_id}.")
        status = watch(client, event_id, quiet=as_json)
        delivery = only_delivery(status)
    if as_json:
        print(json.dumps(_figures(status)))
    else:
        print(outcome(status))
        print("\n".join(_where_to_look(status)))
    return delivery.state == "done"


def _figures(status: EventStatus) -> dict[str, Any]:
    [delivery] = status.deliveries
    result = delivery.result or {}
    first_step = delivery.trace.get("firstStepAt")
    rejects = result.get("rejects_path")
    return {
        "state": delivery.state,
        **{name: result.get(name) for name in ("rows", "inserted", "updated", "skipped", "rejected", "duplicates")},
        "seconds": result.get("seconds"),
        "rows_per_second": round(result["rows"] / result["seconds"]) if result.get("seconds") else None,
        "accepted_to_first_step_seconds": (
            round((first_step - status.accepted_at).total_seconds(), 3) if first_step else None
        ),
        "run_url": _run_url(delivery.flow_run_id),
        "rejects_path": blob_store().location(rejects) if rejects else None,
        "error": delivery.last_error,
    }


def _where_to_look(status: EventStatus) -> list[str]:
    figures = _figures(status)
    return [
        f"  {'rows/s':<11}{figures['rows_per_second'] or 0:>12,}",
        f"  from accepted to first step: {figures['accepted_to_first_step_seconds']} s",
        "Where to look (while `make up` runs):",
        f"  the run           {figures['run_url']}",
        f"  mail              {settings().home.resolve() / 'outbox'}",
        f"  logs              {settings().home.resolve() / 'logs'}",
    ]


def _run_url(flow_run_id: object) -> str | None:
    running = running_on(settings().home)
    return f"{running.prefect_ui_url}/runs/flow-run/{flow_run_id}" if running and flow_run_id else None


def _ensure_user() -> None:
    with database().transaction() as connection:
        store_user(connection, _USER, _WORKSPACE, email="demo-user@example.com", name="Demo User")
