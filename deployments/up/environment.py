"""The environment of the parts: settings, and what leads each of them to Prefect and to its database."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.prefect_profile import DATABASE_VARIABLE, prefect_database_may_be_configured
from groundwork.blocks.settings import Settings
from groundwork.deployments.up.home import Home
from groundwork.deployments.up.prefect_settings import PREFECT_SETTINGS, one_certificate, vacuum_settings
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
        return environment | self._database()

    def _database(self) -> dict[str, str]:
        if prefect_database_may_be_configured():
            from groundwork.deployments.up.prefect_database import said_to_prefect

            if said := said_to_prefect():
                return said
        if self.postgres and self.settings.prefect_database_url is None:
            url = self.postgres.url("prefect", driver="postgresql+asyncpg")
        else:
            from groundwork.deployments.up.prefect_database import prefect_database

            url = prefect_database(self.settings)
        return {DATABASE_VARIABLE: url.render_as_string(hide_password=False)}
