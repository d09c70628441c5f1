"""The authorisation string of Prefect's server: who made it, where it is, and how a program shows it."""

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.prefect_profile import refresh_prefect
from groundwork.blocks.secret_file import make_secret_file, read_secret_file

SERVER_VARIABLE = "PREFECT_SERVER_API_AUTH_STRING"
"""What Prefect's server asks for."""
CLIENT_VARIABLE = "PREFECT_API_AUTH_STRING"
"""What Prefect's clients show."""
SHORTEST = 16
"""Characters in production mode: whoever guesses the string runs code on the workers."""
_RECIPE = "`groundwork up --sign-in` makes one, or set PREFECT_SERVER_API_AUTH_STRING=admin:<password>"


def sign_in_file(home: Path) -> Path:
    """Where a home keeps the string that ``groundwork up --sign-in`` makes."""
    return home.resolve() / "prefect-sign-in"


def make_sign_in(home: Path) -> Path:
    """Make a string, if the home has none. Returns its file, which only its owner may read."""
    file = sign_in_file(home)
    make_secret_file(file, f"admin:{secrets.token_urlsafe(24)}")
    return file


def sign_in(home: Path, environment: Mapping[str, str], *, production: bool) -> str | None:
    """The string that Prefect's server of a home asks for; None where it asks for none.

    Args:
        environment: its PREFECT_SERVER_API_AUTH_STRING wins over the home's file.

    Raises:
        ConfigurationError: production mode without such a string, or with one that can be guessed.
    """
    string = environment.get(SERVER_VARIABLE) or read_secret_file(sign_in_file(home))
    if not production:
        return string
    if string is None:
        raise ConfigurationError(
            "Production mode does not start Prefect's server without a sign-in: whoever reaches its port could start "
            f"jobs of every workspace and read every secret. {_RECIPE}."
        )
    if len(string) < SHORTEST or ":" not in string:
        raise ConfigurationError(
            f"{SERVER_VARIABLE} is not a user and a password of {SHORTEST} characters together at least, as production "
            f"mode demands. {_RECIPE}."
        )
    return string


def authorization(string: str | None) -> dict[str, str]:
    """The header that shows the string; no header for None."""
    return {"Authorization": f"Basic {base64.b64encode(string.encode()).decode()}"} if string else {}


def show_sign_in(home: Path) -> None:
    """Let this process's requests to Prefect show the home's string, unless the environment has one of its own.

    It is shown to this machine only: a server elsewhere has another one.
    """
    if CLIENT_VARIABLE in os.environ or not _on_this_machine(os.environ.get("PREFECT_API_URL")):
        return
    if string := os.environ.get(SERVER_VARIABLE) or read_secret_file(sign_in_file(home)):
        os.environ[CLIENT_VARIABLE] = string
        refresh_prefect()


def _on_this_machine(url: str | None) -> bool:
    return url is None or urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
