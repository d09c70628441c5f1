"""The servers of a test session, and the environment in which nothing else is within reach."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.blocks.embedded import ROLE, EmbeddedPostgres
from groundwork.blocks.environment import variable_of
from groundwork.blocks.mailer import mailer
from groundwork.blocks.prefect_profile import refresh_prefect
from groundwork.blocks.process_cache import forget
from groundwork.blocks.secret_variable import file_variable
from groundwork.blocks.settings import Settings
from groundwork.deployments.up.ports import free_port
from groundwork.deployments.up.prefect_settings import one_certificate
from groundwork.deployments.wiring.prepare import prepare_database
from groundwork.testing.beginning import Beginning
from groundwork.testing.folders import empty
from groundwork.testing.prefect_server import prefect_server

_KEPT = {"applications", "project"}
"""Settings that tests take from the environment. The kit sets all others: no test may find anybody's real database."""


class Servers:
    """PostgreSQL from the beginning, and Prefect's server from the first run of a job on.

    Attributes:
        home: the Groundwork home of this process.
    """

    def __init__(self, home: Path, postgres: EmbeddedPostgres, prefect_port: int, beginning: Beginning) -> None:
        self.home = home
        self._postgres = postgres
        self._prefect_port = prefect_port
        self._beginning = beginning
        self._running = ExitStack()
        self._has_prefect = False

    @classmethod
    @contextmanager
    def started(cls, home: Path) -> Iterator[Self]:
        """PostgreSQL with the schema and the jobs of all applications, until the block ends.

        Args:
            home: an empty folder.

        Raises:
            ConfigurationError: an application cannot be loaded, or PostgreSQL cannot run here; the message says why.
        """
        postgres = EmbeddedPostgres(home)
        postgres.create()
        postgres.start(home / "postgres.log")
        try:
            postgres.create_database(ROLE)
            port = free_port()
            with _only_within_reach(home, postgres, port):
                with database().transaction() as connection:
                    # What a test writes is read within seconds, or never.
                    connection.execute(text(f"ALTER ROLE {ROLE} SET synchronous_commit = off"))
                database().engine.dispose()
                prepare_database(database())
                servers = cls(home, postgres, port, Beginning.of(database()))
                with servers._running:
                    yield servers
                database().engine.dispose()
        finally:
            postgres.stop()

    def clean(self) -> None:
        """Let every table be as it was at the beginning, and outbox and blob store empty."""
        self._beginning.restore(database())
        for name in ("outbox", "blobs"):
            empty(self.home / name)

    def need_prefect(self) -> None:
        """Start Prefect's server if it does not run yet.

        Raises:
            PartFailed: it does not come up; the message quotes its log.
        """
        if not self._has_prefect:
            self._running.enter_context(prefect_server(self.home, self._postgres, "prefect", port=self._prefect_port))
            self._has_prefect = True


@contextmanager
def _only_within_reach(home: Path, postgres: EmbeddedPostgres, prefect_port: int) -> Iterator[None]:
    """The environment of the tests: no setting of this machine leads to anybody's database, mail server or Prefect."""
    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.model_fields.keys() - _KEPT:
            patch.delenv(variable_of(name), raising=False)
            patch.delenv(file_variable(variable_of(name)), raising=False)
        for name in ("PREFECT_PROFILE", "PREFECT_PROFILES_PATH", "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING"):
            patch.delenv(name, raising=False)
        given = {
            "GROUNDWORK_HOME": str(home),
            "GROUNDWORK_DATABASE_URL": postgres.url(driver="postgresql").render_as_string(hide_password=False),
            "GROUNDWORK_DATABASE_POOLER": "none",
            "GROUNDWORK_STORAGE_URL": (home / "blobs").as_uri(),
            # Bulk jobs need not give way: nothing runs beside them.
            "GROUNDWORK_GIVE_WAY_SECONDS": "0",
            "PREFECT_HOME": str(home / "prefect"),
            "PREFECT_API_URL": f"http://127.0.0.1:{prefect_port}/api",
            "PREFECT_API_SSL_CERT_FILE": str(one_certificate(home / "prefect")),
            "PREFECT_LOGGING_TO_API_ENABLED": "false",
        }
        for name, value in given.items():
            patch.setenv(name, value)
        _read_again()
        # Asked for the first time outside a run, it would look for a block in Prefect, whose server may not run yet.
        with temporary_settings({PREFECT_API_URL: None}):
            mailer()
        try:
            yield
        finally:
            patch.undo()
            _read_again()


def _read_again() -> None:
    forget()
    refresh_prefect()
