"""Prefect's server as ``up`` and ``groundwork prefect-server`` run it:
``python -m groundwork.deployments.up.prefect_server --host HOST --port PORT [--no-services] [--migrate]``.

The application is that of ``prefect server start``, which works in its place. The difference is what the settings cost:
for each run that an automation starts, Prefect's server renders all of its settings as environment variables twice (to
find its own application, and to configure logging again), about 0.1 s in which it does nothing else. The logging
configuration that it reads each time is a short one for the same reason.

Before it stand :class:`OwnOriginOnly`, so that no web page but the UI reaches the API, and :class:`ShippedCollections`,
so that it fetches nothing from elsewhere.
"""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI
from prefect.context import SettingsContext, get_settings_context
from prefect.server.api.server import create_app
from prefect.settings import Settings, get_current_settings
from pydantic import PrivateAttr

from groundwork.blocks.collector import leave_alone_what_is_there
from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.logs import logging_of_uvicorn
from groundwork.deployments.up.own_origin import OwnOriginOnly, own_origins
from groundwork.deployments.up.shipped_collections import ShippedCollections

LOGGING = Path(__file__).with_name("prefect_server_logging.yml")


class RememberedSettings(Settings):
    """Prefect's settings, which do not change while a server runs and are rendered once for all."""

    _rendered: dict[tuple[bool, ...], dict[str, str]] = PrivateAttr(default_factory=dict)

    def to_environment_variables(
        self, exclude_unset: bool = False, include_secrets: bool = True, include_aliases: bool = False
    ) -> dict[str, str]:
        """See the base class."""
        asked = (exclude_unset, include_secrets, include_aliases)
        if asked not in self._rendered:
            self._rendered[asked] = super().to_environment_variables(*asked)
        return dict(self._rendered[asked])


def remembered_settings() -> SettingsContext:
    """The current profile with settings that are rendered once, to be entered by ``with``."""
    return SettingsContext(profile=get_settings_context().profile, settings=RememberedSettings())


_ADDRESSES = ("PREFECT_API_URL", "PREFECT_UI_URL", "PREFECT_UI_API_URL", "PREFECT_SERVER_UI_API_URL")
CORS_VARIABLES = ("PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS", "PREFECT_SERVER_CORS_ALLOWED_ORIGINS")
"""Prefect's two names for one setting; the first wins."""


def allowed_origins(port: int) -> list[str]:
    """Origins of the UI: this machine's, and those that the environment or Prefect's profile names; and the address at
    which parts and people are told to find the server.

    Raises:
        ConfigurationError: one of them is no origin.
    """
    named = get_current_settings().server.api.cors_allowed_origins
    # Prefect's default lets every page in; whoever asks for that by name is told what to name instead.
    given = "" if named == "*" and "*" not in map(os.environ.get, CORS_VARIABLES) else named
    told = [origin for name in _ADDRESSES if (origin := _origin_of(os.environ.get(name)))]
    return own_origins(port, [*told, *(each for each in given.split(",") if each.strip())])


def _origin_of(url: str | None) -> str | None:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.scheme and parts.hostname else None


def main() -> int:
    """Serve until told to stop.

    Returns:
        Exit code: 0 in the end, 2 for a configuration that is refused.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--no-services", action="store_true")
    parser.add_argument("--migrate", action="store_true")
    arguments = parser.parse_args()
    try:
        origins = allowed_origins(arguments.port)
    except ConfigurationError as error:
        print(f"prefect: {error}", file=sys.stderr)
        return 2
    os.environ[CORS_VARIABLES[0]] = ",".join(origins)
    os.environ.setdefault("PREFECT_LOGGING_SETTINGS_PATH", str(LOGGING))
    with remembered_settings() as context:
        server = context.settings.server
        options: dict[str, Any] = {
            "timeout_keep_alive": server.api.keepalive_timeout,
            "ws_ping_interval": server.api.websocket_ping_interval,
            "ws_ping_timeout": server.api.websocket_ping_timeout,
            "log_level": server.logging_level.lower(),
        }
        if (lines := logging_of_uvicorn("prefect")) is not None:
            options["log_config"] = lines
        if arguments.migrate:
            asyncio.run(_begin(create_app(final=True, webserver_only=True)))
        # uvicorn raises the signal again once it has shut down; that is then the orderly end.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))
        app = OwnOriginOnly(ShippedCollections(create_app(final=True, webserver_only=arguments.no_services)), origins)
        leave_alone_what_is_there()
        uvicorn.run(app, host=arguments.host, port=arguments.port, **options)
    return 0


async def _begin(app: FastAPI) -> NoReturn:
    """Do what a server does before it serves: migrate, and store the types of blocks. Two that do so at once for a new
    database, or a new version, trip over each other."""
    async with app.router.lifespan_context(app):
        print("The database of Prefect's server is up to date.", flush=True)
        # Prefect waits for ever for a service that is told to end before it has begun.
        os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
