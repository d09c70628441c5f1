"""All parts of Groundwork on one machine: what they are, the order they start in, and how they stop."""

import json
import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from groundwork.blocks.all_settings import check_settings
from groundwork.blocks.database import Database
from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.errors import ConfigurationError, DatabaseUnavailable
from groundwork.blocks.prefect_profile import prefect_may_be_configured
from groundwork.blocks.settings import DEVELOPMENT_EVENT_KEY, Settings
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.up.asking import answer
from groundwork.deployments.up.environment import OwnServer, environment_of_parts
from groundwork.deployments.up.home import PART_VARIABLE, PREFECT, WORKER, Home, Running
from groundwork.deployments.up.part import Part
from groundwork.deployments.up.part_log import PartLog
from groundwork.deployments.up.ports import refuse_taken_ports
from groundwork.deployments.up.prefect_settings import worker_logging
from groundwork.deployments.up.sign_in import SERVER_VARIABLE, authorization, sign_in, sign_in_file
from groundwork.deployments.up.stages import Stages, Terminal
from groundwork.deployments.wiring.prefect_deploy import PrefectDeploy
from groundwork.deployments.wiring.project import deployments_of
from groundwork.deployments.worker.command import KEEPS_STANDBY, worker_arguments

if TYPE_CHECKING:
    from groundwork.deployments.up.prefect_elsewhere import PrefectElsewhere

logger = logging.getLogger(__name__)

START_SECONDS = 180.0
"""How long a part may take to come up; the first start of Prefect migrates its database."""
STOP_SECONDS = 2.5
"""How long the worker with its runs may take to stop before they are killed, and after it the other parts."""
POSTGRES_STOP_SECONDS = 2.0
"""How long PostgreSQL may take after them, before it is stopped at once and left to recover at its next start."""
LOG_SECONDS = 1.0
"""How long the last lines of PostgreSQL may take to reach its log."""
RESTART_SECONDS = 2.0
"""Least time between two starts of a part that keeps ending."""


LEFT_OUT = ("postgres", PREFECT, "gateway", "relay", WORKER)
"""Parts that may run elsewhere."""


class Stack:
    """PostgreSQL, Prefect, gateway, relay and worker as child processes.

    Args:
        home: folder of everything.
        settings: ports and the like.
        project: folders with a ``prefect.yaml`` each.
        terminal: where the stages of the start are told.
        without: names of the parts that run elsewhere; see :data:`LEFT_OUT`.
        reload: the worker is to be ready for new code.

    Attributes:
        note: file that remembers what was deployed.
        renewed: file that the worker writes when it has tried to take new code on.

    Raises:
        ConfigurationError: production mode, and Prefect's server would ask nobody for a password; the Prefect server
            to join cannot be used; or its own cannot have a database.
    """

    def __init__(
        self,
        home: Home,
        settings: Settings,
        project: Sequence[Path],
        terminal: Terminal | None = None,
        *,
        without: Collection[str] = (),
        reload: bool = False,
    ) -> None:
        self._reload = reload
        self.note = home.folder / "applied.json"
        self.renewed = home.folder / "renewed"
        self._stages = Stages(terminal or Terminal())
        self.home = home
        self.settings = settings
        self.project = project
        self.gateway_url = f"http://{settings.host}:{settings.port}"
        self.joined = self._prefect_elsewhere()
        self._refuse_missing(without)
        self.postgres = EmbeddedPostgres(home.folder) if settings.database_url is None else None
        if self.postgres:
            self.postgres.make_password()
        self.sign_in = None if self.joined else sign_in(home.folder, os.environ, production=settings.in_production)
        server = self.joined or OwnServer(home, settings, self.postgres, self.sign_in)
        self.prefect_url, self.prefect_api_url = server.ui_url, server.api_url
        self.environment = environment_of_parts(home, settings, server.environment)
        self.prefect = None if self.joined else self._prefect()
        self.gateway = None if "gateway" in without else self._gateway()
        self.relay = None if "relay" in without else self._relay()
        self.worker = None if WORKER in without else self._worker()
        self.parts = [part for part in (self.prefect, self.gateway, self.relay, self.worker) if part is not None]
        self._postgres_log = PartLog(self._log("postgres"))
        self._restarts: dict[str, float] = {}

    def start(self) -> None:
        """Start everything and apply ``prefect.yaml``. Returns when events are accepted and runs start.

        Raises:
            ConfigurationError: a setting cannot be, a port is taken, or Prefect refuses ``prefect.yaml``.
            PartFailed, DatabaseUnavailable: a part did not come up.
        """
        check_settings()
        self._tell()
        ports = {}
        if self.gateway:
            ports["the gateway (--port)"] = self.settings.port
        if self.prefect:
            ports["Prefect (--prefect-port)"] = self.settings.prefect_port
        refuse_taken_ports(ports)
        # Importing is most of a start. Everything imports at once, while Prefect's server, which takes longest, starts.
        began = time.monotonic()
        for part in self.parts:
            part.prepare()
        self._tell()
        with self._stages.stage("PostgreSQL", log=self._log("postgres")):
            self._start_postgres()
        if self.prefect:
            self.prefect.start()
        else:
            logger.info("Prefect    that of PREFECT_API_URL is joined; none is started")
        deploy = (
            None if self.note.exists() else PrefectDeploy(self.project, self.environment | {PART_VARIABLE: "deploy"})
        )
        try:
            self._tell()
            with self._stages.stage("Migrations", log=self._log("postgres")):
                from groundwork.deployments.wiring.deploy import deploy_wiring

                self._prepare_database()
            if self.prefect:
                with self._stages.stage("Prefect server", since=began):
                    self.prefect.wait_until_ready(START_SECONDS)

            def start_what_needs_no_deployment() -> None:
                for part in (self.worker, self.gateway):
                    if part:
                        part.start()

            with self._stages.stage("Deployments", log=self.prefect.log if self.prefect else None):
                deploy_wiring(
                    self.project, self.environment, self.settings,
                    note=self.note, prepared=deploy, blocks_are_there=start_what_needs_no_deployment,
                )  # fmt: skip
            if self.relay:
                self.relay.start()
            others = [part.name for part in self.parts if part is not self.prefect]
            with self._stages.stage(", ".join(others).capitalize() or "All"):
                for part in self.parts:
                    part.wait_until_ready(START_SECONDS)
        finally:
            if deploy is not None:
                deploy.end()
        self._stages.over()
        if self.gateway:
            logger.info("gateway    %s", self.gateway_url)
            logger.info("console    %s/console", self.gateway_url)
        self._warn_of_the_known_key()
        if self.sign_in:
            logger.info("sign in    with the content of %s", self._where_the_sign_in_is())
        logger.info("Prefect UI %s", self.prefect_url)

    def _prepare_database(self) -> None:
        from groundwork.deployments.wiring.check import check_wiring
        from groundwork.deployments.wiring.prepare import prepare_database, told
        from groundwork.flows.registry import jobs

        check_wiring(jobs(), deployments_of(self.project))
        for retired in prepare_database(Database(connection_url=self.settings.database_url)):
            logger.warning("%s", told(retired))

    def _warn_of_the_known_key(self) -> None:
        """Its keys may be those of a block in Prefect: only the gateway knows what opens it."""
        from groundwork.deployments.gateway.exposure import is_open_to_others, known_key_warning

        key = {"Authorization": f"Bearer {DEVELOPMENT_EVENT_KEY}"}
        if is_open_to_others(self.settings.host) and _answers(f"{self.gateway_url}/catalogue", key):
            logger.warning(known_key_warning(self.settings.host))

    def _refuse_missing(self, without: Collection[str]) -> None:
        """Refuse to leave a part out where nothing says which one is to be used instead."""
        if unknown := sorted(set(without) - set(LEFT_OUT)):
            raise ConfigurationError(f"--without {unknown[0]}: there are {', '.join(LEFT_OUT)}")
        if PREFECT in without and not self.joined:
            raise ConfigurationError("--without prefect: set PREFECT_API_URL to the Prefect server to use instead")
        if "postgres" in without and self.settings.database_url is None:
            raise ConfigurationError("--without postgres: set GROUNDWORK_DATABASE_URL to the server to use instead")

    def _log(self, name: str) -> Path:
        return self.home.logs / f"{name}.log"

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
        self._postgres_log.watch()
        for part in self.parts:
            part.watch_log()
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
        for part in self.parts:
            part.close_log()
        self._postgres_log.close(LOG_SECONDS)

    def _start_postgres(self) -> None:
        if self.postgres is None:
            return
        self.postgres.create()
        with self._postgres_log.opened() as output:
            self.postgres.start(self._postgres_log.path, output=output)
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

    def _prefect_elsewhere(self) -> "PrefectElsewhere | None":
        if not prefect_may_be_configured():
            return None
        from groundwork.deployments.up.prefect_elsewhere import prefect_elsewhere

        return prefect_elsewhere(self.settings, self.home.folder)

    def _part(
        self,
        name: str,
        *command: str,
        ready: Callable[[], bool] = lambda: True,
        defaults: Mapping[str, str] | None = None,
    ) -> Part:
        environment = dict(defaults or {}) | self.environment | {PART_VARIABLE: name}
        return Part(name, [sys.executable, "-m", *command], environment, self.home.logs / f"{name}.log", ready)

    def _prefect(self) -> Part:
        port = str(self.settings.prefect_port)
        return self._part(
            PREFECT, "groundwork.deployments.up.prefect_server", "--host", "127.0.0.1", "--port", port,
            ready=lambda: _answers(f"{self.prefect_url}/api/health"),
        )  # fmt: skip

    def _gateway(self) -> Part:
        return self._part(
            "gateway", "groundwork.deployments.gateway", ready=lambda: _answers(f"{self.gateway_url}/readyz")
        )

    def _relay(self) -> Part:
        return self._part("relay", "groundwork.deployments.relay")

    def _worker(self) -> Part:
        name = f"up-{socket.gethostname()}-{os.getpid()}"
        return self._part(
            WORKER,
            *worker_arguments(self.settings, name),
            ready=lambda: self._worker_is_online(name),
            defaults=worker_logging() | ({KEEPS_STANDBY: str(self.renewed)} if self._reload else {}),
        )

    def _worker_is_online(self, name: str) -> bool:
        """Whether Prefect has heard of the worker, which is warm by then."""
        if self.joined:
            from groundwork.deployments.up.prefect_elsewhere import worker_is_online

            return worker_is_online(self.environment, name)
        url = f"{self.prefect_api_url}/work_pools/{WORK_POOL}/workers/filter"
        told = answer(url, body="{}", headers=authorization(self.sign_in))
        workers = json.loads(told) if told else []
        return any(worker["name"] == name and worker["status"] == "ONLINE" for worker in workers)


def _answers(url: str, headers: dict[str, str] | None = None) -> bool:
    return answer(url, headers=headers) is not None
