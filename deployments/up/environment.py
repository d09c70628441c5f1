"""The environment of the parts: settings, and what leads each of them to Prefect and to its database."""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.prefect_profile import DATABASE_VARIABLE, prefect_database_may_be_configured
from groundwork.blocks.settings import Settings
from groundwork.deployments.logs import logging_of_prefect
from groundwork.deployments.up.home import Home
from groundwork.deployments.up.prefect_redis import redis_settings
from groundwork.deployments.up.prefect_settings import (
    CLIENT_SETTINGS,
    PREFECT_SETTINGS,
    one_certificate,
    vacuum_settings,
)
from groundwork.deployments.up.sign_in import CLIENT_VARIABLE, SERVER_VARIABLE


def environment_of_parts(home: Home, settings: Settings, server: Mapping[str, str]) -> dict[str, str]:
    """The variables that every part is given.

    Args:
        home: folder of everything.
        settings: ports and the like.
        server: what leads to Prefect's server, which wins.
    """
    environment = {
        **PREFECT_SETTINGS,
        **logging_of_prefect(),
        **vacuum_settings(settings.retention_days_flow_runs),
        **os.environ,
        "GROUNDWORK_HOME": str(home.folder),
        "GROUNDWORK_HOST": settings.host,
        "GROUNDWORK_PORT": str(settings.port),
        "GROUNDWORK_PREFECT_PORT": str(settings.prefect_port),
        "PREFECT_HOME": str(home.folder / "prefect"),
        "PYTHONUNBUFFERED": "1",
    }
    # A profile is a file in the PREFECT_HOME of the person, which parts do not see.
    environment.pop("PREFECT_PROFILE", None)
    # `up` looks after its parts itself, and several would want the same port.
    environment.pop("GROUNDWORK_HEALTH_PORT", None)
    return environment | dict(server)


@dataclass(frozen=True)
class OwnServer:
    """Prefect's server that is started here.

    Attributes:
        home: folder of everything.
        settings: ports and the like.
        postgres: the embedded one, if there is one.
        sign_in: ``user:password`` that the server asks for; None where it asks nobody.
    """

    home: Home
    settings: Settings
    postgres: EmbeddedPostgres | None
    sign_in: str | None = field(repr=False)

    @property
    def ui_url(self) -> str:
        """Where people find it."""
        return f"http://127.0.0.1:{self.settings.prefect_port}"

    @property
    def api_url(self) -> str:
        """Where parts find it."""
        return f"{self.ui_url}/api"

    @property
    def environment(self) -> dict[str, str]:
        """What leads parts to the server, and the server to its database.

        Raises:
            ConfigurationError: it cannot have a database.
        """
        environment = {
            "PREFECT_API_SSL_CERT_FILE": str(one_certificate(self.home.folder / "prefect")),
            "PREFECT_API_URL": self.api_url,
            "PREFECT_UI_URL": self.ui_url,
        }
        if self.sign_in:
            environment |= {SERVER_VARIABLE: self.sign_in, CLIENT_VARIABLE: self.sign_in}
        return environment | redis_settings(self.settings) | self._database()

    def _database(self) -> dict[str, str]:
        return server_database(self.settings, self.postgres)


def server_database(settings: Settings, postgres: EmbeddedPostgres | None) -> dict[str, str]:
    """What leads Prefect's server to its database, which is never one that nobody has named.

    Args:
        postgres: the embedded one, if there is one.

    Raises:
        ConfigurationError: it cannot have a database, or none is named.
    """
    if prefect_database_may_be_configured():
        from groundwork.deployments.up.prefect_database import said_to_prefect

        if said := said_to_prefect():
            return said
    if settings.prefect_database_url is None and settings.database_url is None:
        if postgres is None:
            raise ConfigurationError(
                "Prefect's server has no database: set GROUNDWORK_DATABASE_URL, and it gets one of its own on that "
                "server; or GROUNDWORK_PREFECT_DATABASE_URL."
            )
        url = postgres.url("prefect", driver="postgresql+asyncpg")
    else:
        from groundwork.deployments.up.prefect_database import prefect_database

        url = prefect_database(settings)
    return {DATABASE_VARIABLE: url.render_as_string(hide_password=False)}


def environment_of_server(settings: Settings) -> dict[str, str]:
    """The variables of a server of Prefect that is started by itself, or of its services.

    Raises:
        ConfigurationError: it cannot have a database, or not use Redis.
    """
    home = settings.home.resolve()
    postgres = EmbeddedPostgres(home) if (home / "postgres" / "postmaster.pid").exists() else None
    return {
        **PREFECT_SETTINGS,
        **logging_of_prefect(),
        **vacuum_settings(settings.retention_days_flow_runs),
        **os.environ,
        **redis_settings(settings),
        **server_database(settings, postgres),
        "PYTHONUNBUFFERED": "1",
    }


def environment_of_client(home: Path) -> dict[str, str]:
    """The variables of a gateway, a relay or a worker that is started by itself.

    Args:
        home: folder in which a file may be made.

    Raises:
        ConfigurationError: nothing says which server of Prefect it is to ask.
    """
    url = os.environ.get("PREFECT_API_URL", "")
    if not url and not os.environ.get("PREFECT_PROFILE"):
        raise ConfigurationError(
            "PREFECT_API_URL is not set: say which Prefect server to ask, such as http://prefect:4200/api."
        )
    environment = {**CLIENT_SETTINGS, **logging_of_prefect(), **os.environ, "PYTHONUNBUFFERED": "1"}
    if url.startswith("http://") and "PREFECT_API_SSL_CERT_FILE" not in os.environ:
        # Where nothing can be written, each run is a tenth of a second dearer.
        with contextlib.suppress(OSError):
            environment["PREFECT_API_SSL_CERT_FILE"] = str(one_certificate(home.resolve() / "prefect"))
    return environment
