"""Options that several commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from blocks.blob_store import blob_store
from blocks.database import database
from blocks.mailer import mailer
from blocks.settings import Settings, settings
from deployments.client import GatewayClient
from deployments.up.home import Home
from deployments.up.sign_in import show_sign_in

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Folder of the embedded mode. Default: GROUNDWORK_HOME, or .groundwork.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object, and nothing else, on standard output.")
]
JobOption = Annotated[str | None, typer.Option("--job", help="Only this job.")]
WorkspaceOption = Annotated[str | None, typer.Option("--workspace", help="Only this workspace.")]


def use_home(home: Path | None, **overrides: object) -> Settings:
    """Settle on a home for this process and its children.

    Args:
        home: from the command line; None keeps the environment's.
        overrides: settings from the command line by name; None keeps the environment's.
    """
    given = {"home": home, **overrides}
    for name, value in given.items():
        if value is not None:
            os.environ[f"GROUNDWORK_{name.upper()}"] = str(value)
    for cached in (settings, database, blob_store, mailer):
        cached.cache_clear()
    show_sign_in(settings().home)
    return settings()


def client_of(home: Path | None) -> GatewayClient:
    """A client of the gateway that runs on this home, or else of the one that the settings name."""
    running = Home(use_home(home).home).running()
    if running:
        os.environ.setdefault("PREFECT_API_URL", running.prefect_api_url)
    return GatewayClient.configured(running.gateway_url if running else None)
