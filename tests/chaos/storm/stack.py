"""What the storm rages over: `groundwork up` beside a PostgreSQL of its own, behind proxies that lose answers."""

import asyncio
import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

from groundwork.blocks.database import Database
from groundwork.blocks.embedded import EmbeddedPostgres
from tests.chaos import counter
from tests.chaos.storm import execution_log, process_log
from tests.chaos.storm.crm import Crm
from tests.chaos.storm.mail_server import LossyPostmaster
from tests.chaos.storm.proxy import LossyProxy
from tests.integration.blocks.mail_server import serving
from tests.integration.stack.running import PROJECT, START_SECONDS, RunningStack
from tests.integration.stack.small_project import small_project
from tests.waiting import wait_until

LEASE_SECONDS = 3.0
_LOST_REQUESTS = 0.1
_LOST_COMMITS = 0.02
_PLAIN = {"sslmode": "disable", "gssencmode": "disable"}
"""The proxy reads what passes."""


class StormStack(RunningStack):
    """`groundwork up` with PostgreSQL, CRM and the network in the hands of the storm.

    Args:
        folder: of everything.
        seed: of what is lost on the network.
        postmaster: takes the mails.
        mail_port: where.
    """

    def __init__(self, folder: Path, seed: int, postmaster: LossyPostmaster, mail_port: int) -> None:
        self.postmaster = postmaster
        self._mail_port = mail_port
        self.postgres = EmbeddedPostgres(folder / "database")
        self.postgres.create()
        self.postgres_log = folder / "postgres.log"
        self.executions = folder / "executions.jsonl"
        self.processes_log = folder / "processes.jsonl"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.project_of_ours = small_project(folder / "project", "contacts", "operations")
        self.crm = Crm(random.Random(f"crm {seed}"))
        self.to_postgres = LossyProxy(
            lambda: asyncio.open_unix_connection(str(self.postgres.socket_folder / ".s.PGSQL.5432")),
            lambda data: b"COMMIT\0" in data,
            _LOST_COMMITS,
            random.Random(f"postgres {seed}"),
        )
        super().__init__(folder / "home", self._settings())
        self.to_gateway = LossyProxy(
            self._connect_to_gateway,
            lambda data: data.startswith(b"POST"),
            _LOST_REQUESTS,
            random.Random(f"gateway {seed}"),
        )

    @property
    def homes(self) -> list[Path]:
        """Of whose parts nothing may be left in the end."""
        return [self.home]

    @property
    def logs(self) -> list[Path]:
        """What its parts have logged."""
        return list((self.home / "logs").glob("*.log"))

    @cached_property
    def database(self) -> Database:
        """The inbox, past the proxy."""
        return Database(connection_url=self.postgres.url().render_as_string(hide_password=False))

    @property
    def _network(self) -> tuple[LossyProxy, LossyProxy, Crm, LossyPostmaster]:
        return self.to_postgres, self.to_gateway, self.crm, self.postmaster

    @property
    def answers_lost(self) -> int:
        return sum(each.answers_lost for each in self._network)

    @property
    def unfinished(self) -> list[Path]:
        """Folders of files that a killed process may have left half-written."""
        return [self.home / "blobs" / ".partial"]

    def set_lossy(self, lossy: bool) -> None:
        """Lose answers from now on, or no more."""
        for each in self._network:
            each.lossy = lossy

    def prepare(self) -> None:
        """Start everything."""
        self.launch()
        wait_until(lambda: self._ready(0), START_SECONDS, "`groundwork up` is ready")
        with self.database.transaction() as connection:
            connection.exec_driver_sql((Path(__file__).parent / "recorder.sql").read_text())

    async def _connect_to_gateway(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    def _settings(self) -> dict[str, str]:
        direct = self.postgres.url(driver="postgresql")
        through_proxy = direct.set(host="127.0.0.1", port=self.to_postgres.port, query=_PLAIN)
        return {
            "GROUNDWORK_DATABASE_URL": through_proxy.render_as_string(hide_password=False),
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": self.postgres.url(
                "prefect", driver="postgresql+asyncpg"
            ).render_as_string(hide_password=False),
            "GROUNDWORK_LEASE_SECONDS": str(LEASE_SECONDS),
            "GROUNDWORK_CLAIM_SECONDS": "5",
            "GROUNDWORK_MAX_ATTEMPTS": "100",
            "GROUNDWORK_APPLICATIONS": "contacts,operations,tests.chaos.application:application",
            "GROUNDWORK_PROJECT": f"{self.project_of_ours},{PROJECT / 'tests' / 'chaos' / 'project'}",
            "GROUNDWORK_SMTP_URL": f"smtp://127.0.0.1:{self._mail_port}",
            "PYTHONPATH": str(PROJECT),
            "TMPDIR": str(self.temporary),
            counter.CRM_URL: self.crm.url,
            execution_log.VARIABLE: str(self.executions),
            process_log.VARIABLE: str(self.processes_log),
        }


@contextmanager
def storm_stack(seed: int, layout: type[StormStack] = StormStack) -> Iterator[StormStack]:
    """A running stack on a temporary folder.

    Args:
        layout: on how many machines.
    """
    with tempfile.TemporaryDirectory(prefix="storm-") as folder, ExitStack() as ending:
        postmaster = LossyPostmaster(random.Random(f"mail {seed}"))
        stack = layout(Path(folder), seed, postmaster, ending.enter_context(serving(postmaster)))
        for each in (stack.crm, stack.to_postgres, stack.to_gateway):
            ending.callback(each.close)
        stack.postgres.start(stack.postgres_log)
        ending.callback(stack.postgres.stop)
        for name in ("groundwork", "prefect"):
            stack.postgres.create_database(name)
        ending.callback(stack.database.engine.dispose)
        ending.callback(stack.end)
        stack.prepare()
        yield stack
