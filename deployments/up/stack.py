"""All parts of Groundwork on one machine: what they are, the order they start in, and how they stop."""

import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
from prefect.client.schemas.objects import WorkerStatus
from prefect.exceptions import PrefectException
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from blocks.database import Database
from blocks.embedded import EmbeddedPostgres
from blocks.errors import DatabaseUnavailable
from blocks.settings import DEVELOPMENT_EVENT_KEY, Settings
from deployments.deploy import deploy_wiring, prepare_database
from deployments.gateway.exposure import is_open_to_others, known_key_warning
from deployments.relay.prefect_api import WORK_POOL
from deployments.relay.prefect_client import one_try_per_request, prefect_client
from deployments.up.home import PART_VARIABLE, WORKER, Home, Running
from deployments.up.part import Part
from deployments.up.ports import refuse_taken_ports
from deployments.up.prefect_database import URL_VARIABLE, prefect_database, said_to_prefect
from deployments.up.prefect_elsewhere import PREFECT, prefect_elsewhere
from deployments.up.prefect_settings import PREFECT_SETTINGS, one_certificate, vacuum_settings
from deployments.up.sign_in import CLIENT_VARIABLE, SERVER_VARIABLE, sign_in, sign_in_file

logger = logging.getLogger(__name__)

START_SECONDS = 90.0
"""How long a part may take to come up; the first start of Prefect migrates its database."""
STOP_SECONDS = 2.5
"""How long the worker with its runs may take to stop before they are killed, and after it the other parts."""
POSTGRES_STOP_SECONDS = 2.0
"""How long PostgreSQL may take after them, before it is stopped at once and left to recover at its next start."""
RESTART_SECONDS = 2.0
"""Least time between two starts of a part that keeps ending."""


class Stack:
    """PostgreSQL, Prefect, gateway, relay and worker as child processes.

    Args:
        home: folder of everything.
        settings: ports and the like.
        project: folder with ``prefect.yaml``.

    Raises:
        ConfigurationError: production mode, and Prefect's server would ask nobody for a password; the Prefect server
            to join cannot be used; or its own cannot have a database.
    """

    def __init__(self, home: Home, settings: Settings, project: Path) -> None:
        self.home = home
        self.settings = settings
        self.project = project
        self.gateway_url = f"http://{settings.host}:{settings.port}"
        self.joined = prefect_elsewhere(settings, home.folder)
        self.prefect_url = self.joined.ui_url if self.joined else f"http://127.0.0.1:{settings.prefect_port}"
        self.prefect_api_url = self.joined.api_url if self.joined else f"{self.prefect_url}/api"
        self.postgres = EmbeddedPostgres(home.folder) if settings.database_url is None else None
        if self.postgres:
            self.postgres.make_password()
        self.sign_in = None if self.joined else sign_in(home.folder, os.environ, production=settings.in_production)
        self.environment = self._environment()
        self.prefect = None if self.joined else self._prefect()
        self.others = [self._gateway(), self._relay(), self._worker()]
        self.parts = [self.prefect, *self.others] if self.prefect else self.others
        self._restarts: dict[str, float] = {}

    def start(self) -> None:
        """Start everything and apply ``prefect.yaml``. Returns when events are accepted and runs start.

        Raises:
            ConfigurationError: a port is taken, or Prefect refuses ``prefect.yaml``.
            PartFailed, DatabaseUnavailable: a part did not come up.
        """
        self._tell()
        ports = {"the gateway (--port)": self.settings.port}
        if self.prefect:
            ports["Prefect (--prefect-port)"] = self.settings.prefect_port
        refuse_taken_ports(ports)
        self._start_postgres()
        if self.prefect:
            self.prefect.start()
            self._tell()
        else:
            logger.info("Prefect    that of PREFECT_API_URL is joined; none is started")
        prepare_database(Database(connection_url=self.settings.database_url))
        if self.prefect:
            self.prefect.wait_until_ready(START_SECONDS)
        deploy_wiring(self.project, self.environment, self.settings)
        for part in self.others:
            part.start()
        self._tell()
        for part in self.parts:
            part.wait_until_ready(START_SECONDS)
        logger.info("gateway    %s", self.gateway_url)
        if is_open_to_others(self.settings.host) and self._takes_the_known_key():
            logger.warning(known_key_warning(self.settings.host))
        if self.sign_in:
            logger.info("sign in    with the content of %s", self._where_the_sign_in_is())
        logger.info("Prefect UI %s", self.prefect_url)

    def _takes_the_known_key(self) -> bool:
        """Whether the key that everybody knows opens the gateway; its keys may be those of a block in Prefect."""
        key = {"Authorization": f"Bearer {DEVELOPMENT_EVENT_KEY}"}
        return _answers(f"{self.gateway_url}/catalogue", key)

    def _where_the_sign_in_is(self) -> str:
        return SERVER_VARIABLE if os.environ.get(SERVER_VARIABLE) else str(sign_in_file(self.home.folder))

    def watch(self) -> None:
        """Start parts again that have ended by themselves. Call it about once a second."""
        if self.postgres and not self.postgres.is_running():
            logger.error("PostgreSQL ended; starting it again (%s)", self.home.logs / "postgres.log")
            try:
                self._start_postgres()
            except DatabaseUnavailable as error:
                # Processes of a killed server keep the next one out until the last of them has noticed.
                logger.error("PostgreSQL did not start, trying again: %s", error)
                return
            self._tell()
        now = time.monotonic()
        for part in self.parts:
            if part.exit_code is not None and now - self._restarts.get(part.name, float("-inf")) > RESTART_SECONDS:
                logger.error("%s ended with exit code %s; starting it again (%s)", part.name, part.exit_code, part.log)
                self._restarts[part.name] = now
                part.start()
                self._tell()

    def stop(self) -> None:
        """Stop everything within 10 s, whatever parts have started included."""
        self.home.end_parts(patience=STOP_SECONDS)
        if self.postgres:
            self.postgres.stop(timeout=POSTGRES_STOP_SECONDS)

    def _start_postgres(self) -> None:
        if self.postgres is None:
            return
        self.postgres.create()
        self.postgres.start(self.home.logs / "postgres.log")
        self.postgres.create_database("groundwork")
        self.postgres.create_database("prefect")

    def _tell(self) -> None:
        pids = {part.name: part.pid for part in self.parts}
        if self.postgres:
            pids["postgres"] = self.postgres.pid
        self.home.tell(
            Running(
                pid=os.getpid(),
                started_at=psutil.Process().create_time(),
                gateway_url=self.gateway_url,
                prefect_api_url=self.prefect_api_url,
                prefect_ui_url=self.prefect_url,
                parts={name: pid for name, pid in pids.items() if pid is not None},
            )
        )

    def _environment(self) -> dict[str, str]:
        environment = {
            **PREFECT_SETTINGS,
            **vacuum_settings(self.settings.retention_days_flow_runs),
            **os.environ,
            "GROUNDWORK_HOME": str(self.home.folder),
            "GROUNDWORK_HOST": self.settings.host,
            "GROUNDWORK_PORT": str(self.settings.port),
            "GROUNDWORK_PREFECT_PORT": str(self.settings.prefect_port),
            "PREFECT_HOME": str(self.home.folder / "prefect"),
            "PYTHONUNBUFFERED": "1",
        }
        # A profile is a file in the PREFECT_HOME of the person, which parts do not see.
        environment.pop("PREFECT_PROFILE", None)
        return environment | (self.joined.environment if self.joined else self._own_server())

    def _own_server(self) -> dict[str, str]:
        """What leads parts to the server that is started here, and that server to its database."""
        environment = {
            "PREFECT_API_SSL_CERT_FILE": str(one_certificate(self.home.folder / "prefect")),
            "PREFECT_API_URL": self.prefect_api_url,
            "PREFECT_UI_URL": self.prefect_url,
        }
        if self.sign_in:
            environment |= {SERVER_VARIABLE: self.sign_in, CLIENT_VARIABLE: self.sign_in}
        if said := said_to_prefect():
            return environment | said
        if self.postgres and self.settings.prefect_database_url is None:
            url = self.postgres.url("prefect", driver="postgresql+asyncpg")
        else:
            url = prefect_database(self.settings)
        return environment | {URL_VARIABLE: url.render_as_string(hide_password=False)}

    def _part(self, name: str, *command: str, ready: Callable[[], bool] = lambda: True) -> Part:
        environment = self.environment | {PART_VARIABLE: name}
        return Part(name, [sys.executable, "-m", *command], environment, self.home.logs / f"{name}.log", ready)

    def _prefect(self) -> Part:
        port = str(self.settings.prefect_port)
        return self._part(
            PREFECT, "deployments.up.prefect_server", "--host", "127.0.0.1", "--port", port,
            ready=lambda: _answers(f"{self.prefect_url}/api/health"),
        )  # fmt: skip

    def _gateway(self) -> Part:
        return self._part("gateway", "deployments.gateway", ready=lambda: _answers(f"{self.gateway_url}/readyz"))

    def _relay(self) -> Part:
        return self._part("relay", "deployments.relay")

    def _worker(self) -> Part:
        name = f"up-{socket.gethostname()}-{os.getpid()}"
        return self._part(
            WORKER, "prefect", "worker", "start", "--pool", WORK_POOL, "--type", self.settings.worker, "--name", name,
            ready=lambda: self._worker_is_online(name),
        )  # fmt: skip

    def _worker_is_online(self, name: str) -> bool:
        """Whether Prefect has heard of the worker, which is warm by then."""
        given = {setting: self.environment.get(setting.name) for setting in (PREFECT_API_URL, PREFECT_API_AUTH_STRING)}
        try:
            with temporary_settings(given), one_try_per_request(), prefect_client() as client:
                workers = client.read_workers_for_work_pool(WORK_POOL)
        except (httpx.HTTPError, PrefectException):
            return False
        return any(worker.name == name and worker.status == WorkerStatus.ONLINE for worker in workers)


def _answers(url: str, headers: dict[str, str] | None = None) -> bool:
    try:
        return httpx.get(url, headers=headers, timeout=2.0).is_success
    except httpx.HTTPError:
        return False
