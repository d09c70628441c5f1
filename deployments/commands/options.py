"""Options that several commands share, and what they open."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.blocks.process_cache import forget

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from groundwork.blocks.settings import Settings
    from groundwork.deployments.up.home import Running
    from groundwork.events.client import GatewayClient

MOST = 2**31 - 1
"""Largest number that PostgreSQL takes where an option is one."""
_HOME = ".groundwork"
_MARK = "up.lock"
"""File that every home has in which `up` or `demo` ever ran."""


def identifier(value: str | None) -> str | None:
    """Refuse what may not be the id of a workspace or a user, before anything is looked up or stored."""
    if value is None:
        return None
    from groundwork.events.identifiers import RULE, fault_of, shown

    if fault := fault_of(value):
        raise typer.BadParameter(f"{shown(value)} is no id: {fault}; {RULE}")
    return value


def stored_identifier(value: str | None) -> str | None:
    """Refuse what can never have been an id. What is only looked up may be from before there was the rule."""
    if value is None:
        return None
    from groundwork.events.identifiers import LONGEST, shown

    if not 0 < len(value) <= LONGEST or not value.isprintable() or value != value.strip():
        raise typer.BadParameter(
            f"{shown(value)} is no id: it has 1 to {LONGEST} printable characters, and no space at its ends"
        )
    return value


HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Folder of the embedded mode. Default: GROUNDWORK_HOME, else the .groundwork of this folder or of the "
        "nearest one above it.",
    ),
]
ProjectOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--project",
        help="Folder with prefect.yaml; may be given more than once. Default: GROUNDWORK_PROJECT, else the nearest one "
        "from this folder upwards.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object, and nothing else, on standard output.")
]
JobOption = Annotated[str | None, typer.Option("--job", help="Only this job.")]
WorkspaceOption = Annotated[
    str | None, typer.Option("--workspace", help="Only this workspace.", callback=stored_identifier)
]
EventIdOption = Annotated[str | None, typer.Option("--id", help="Idempotency key: the same id is stored once.")]
WaitOption = Annotated[
    bool, typer.Option("--wait", help="Wait until every delivery has ended, and print what became of the event.")
]
UserIdOption = Annotated[str, typer.Option("--user", help="User who is told when it is done.", callback=identifier)]
RequiredWorkspace = Annotated[str, typer.Option("--workspace", help="The workspace.", callback=identifier)]
KnownWorkspace = Annotated[str, typer.Option("--workspace", help="The workspace.", callback=stored_identifier)]


def use_home(home: Path | None, **overrides: object) -> "Settings":
    """Settle on a home for this process and its children.

    Args:
        home: from the command line; None keeps the environment's, else looks for one from this folder upwards.
        overrides: settings from the command line by name; None keeps the environment's.

    Raises:
        ConfigurationError: a setting in the environment is malformed, a secret's file cannot be read, or the home is
            another user's.
    """
    if home is None and not os.environ.get("GROUNDWORK_HOME"):
        home = _home_above(Path.cwd())
    given = {"home": home, **overrides}
    for name, value in given.items():
        if value is not None:
            os.environ[f"GROUNDWORK_{name.upper()}"] = str(value)
    forget()
    from groundwork.blocks.prefect_profile import refresh_prefect
    from groundwork.blocks.secret_variable import read_secrets_of_prefect
    from groundwork.blocks.settings import settings
    from groundwork.deployments.up.sign_in import show_sign_in

    if read_secrets_of_prefect(os.environ):
        refresh_prefect()
    _prefer_own_prefect(settings().home)
    show_sign_in(settings().home)
    return settings()


def _prefer_own_prefect(home: Path) -> None:
    """Let what runs on the home be asked, and not a server that is only named in a profile or a file."""
    from groundwork.blocks.prefect_profile import lead_to_api, prefect_may_be_configured

    chosen = os.environ.get("PREFECT_API_URL") or os.environ.get("PREFECT_PROFILE")
    if not chosen and prefect_may_be_configured() and (running := running_on(home)):
        lead_to_api(running.prefect_api_url)


def project_setting(folders: Sequence[Path] | None) -> str | None:
    """``GROUNDWORK_PROJECT`` of the folders on the command line; None where there are none."""
    return ",".join(str(each.resolve()) for each in folders) if folders else None


def _home_above(folder: Path) -> Path | None:
    """The nearest home from a folder upwards, as git finds a repository; None where there is none.

    Raises:
        ConfigurationError: it is another user's, who could then have this one's events.
    """
    from groundwork.blocks.errors import ConfigurationError

    for each in (folder, *folder.parents):
        found = each / _HOME
        if (found / _MARK).exists():
            if os.geteuid() != 0 and found.stat().st_uid != os.geteuid():
                raise ConfigurationError(f"{found} belongs to another user. Say --home {found} if you mean it.")
            return found
    return None


def running_on(home: Path) -> "Running | None":
    """The `groundwork up` that runs on a home; None where none does. Makes no folder."""
    if not os.path.exists(home / "up.json"):  # unlike Path.exists, False where it may not be looked at
        return None
    from groundwork.deployments.up.home import Home

    return Home(home).running()


def where_to_look() -> str:
    """What to do where a part cannot be reached: which home was looked at, and what runs on it."""
    from groundwork.blocks.settings import settings

    home = settings().home.resolve()
    running = running_on(home)
    if running is not None:
        logs = home / "logs"
        return f"`groundwork up` runs on {home} (process {running.pid}) and may be starting; its logs are in {logs}."
    return f"No `groundwork up` runs on {home}. Start it there, or say with --home where one runs."


@contextmanager
def inbox(home: Path | None) -> "Iterator[Connection]":
    """One transaction on the database of the home, or of the settings."""
    use_home(home)
    from groundwork.blocks.database import database

    with database().transaction() as connection:
        yield connection


def client_of(home: Path | None) -> "GatewayClient":
    """A client of the gateway that ``GROUNDWORK_GATEWAY_URL`` names, else of the one that runs on this home, else of
    the one at host and port."""
    now = use_home(home)
    running = None if now.gateway_url else running_on(now.home)
    from groundwork.events.client import GatewayClient

    return GatewayClient.configured(running.gateway_url if running else None)


def uploading_client(home: Path | None) -> "GatewayClient":
    """A client for a command that writes to database and blob store beside the gateway, as Prefect's blocks say.

    Raises:
        ConfigurationError: these are those of the home, and nothing runs on it.
    """
    from groundwork.blocks.database import database
    from groundwork.blocks.errors import ConfigurationError

    client = client_of(home)
    running = running_on(use_home(None).home)
    if running:
        os.environ.setdefault("PREFECT_API_URL", running.prefect_api_url)
    elif database().connection_url is None:
        raise ConfigurationError(where_to_look())
    return client
