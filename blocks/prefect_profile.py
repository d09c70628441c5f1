"""Which API Prefect asks in this process, found out and settled without importing Prefect."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

_DATABASE = "PREFECT_SERVER_DATABASE_"
DATABASE_VARIABLE = f"{_DATABASE}CONNECTION_URL"
"""What names the database of Prefect's server."""
_VARIABLES = ("PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH")


def prefect_may_be_configured() -> bool:
    """Whether the environment or a file that Prefect reads may name its API. False is certain; True is worth importing
    Prefect, which then knows."""
    if "prefect.settings" in sys.modules or any(os.environ.get(name) for name in _VARIABLES):
        return True
    return any(_mentions(path, word) for path, word in _files())


def prefect_database_may_be_configured() -> bool:
    """Likewise, whether the environment or a file may name the database of Prefect's server."""
    if os.environ.get("PREFECT_PROFILES_PATH") or any(name.startswith(_DATABASE) for name in os.environ):
        return True
    return any(_mentions(path, b"database") for path, _ in _files())


def lead_to_api(url: str) -> None:
    """Let this process, and those that it starts, ask a Prefect API, whatever a profile says."""
    os.environ["PREFECT_API_URL"] = url
    refresh_prefect()


def refresh_prefect() -> None:
    """Let Prefect, which reads the environment when it is imported, read it again."""
    if "prefect" in sys.modules:
        from prefect.context import refresh_global_settings_context

        refresh_global_settings_context()


def _files() -> Iterator[tuple[Path, bytes]]:
    """Prefect's sources of settings, each with the word without which it says nothing."""
    home = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect").expanduser()
    yield home / "profiles.toml", b"api"
    yield Path("prefect.toml"), b"api"
    yield Path("pyproject.toml"), b"tool.prefect"
    yield Path(".env"), b"prefect"


def _mentions(path: Path, word: bytes) -> bool:
    try:
        return word in path.read_bytes().lower()
    except OSError:
        return False
