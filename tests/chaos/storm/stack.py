"""What the storm rages over: `groundwork up` beside a PostgreSQL of its own, behind proxies that lose answers."""

import asyncio
import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

from blocks.database import Database
from blocks.embedded import EmbeddedPostgres
from deployments.deploy import register_job
from flows.registry import jobs
from tests.chaos import counter
from tests.chaos.storm import execution_log
from tests.chaos.storm.crm import Crm
from tests.chaos.storm.proxy import LossyProxy
from tests.integration.stack.running import PROJECT, RunningStack

LEASE_SECONDS = 3.0
_COUNTERS = ("count", "count-in-order", "count-together")
_LOST_REQUESTS = 0.1
_LOST_COMMITS = 0.02


class StormStack(RunningStack):
    """`groundwork up` with PostgreSQL, CRM and the network in the hands of the storm.

    Args:
        folder: of everything.
        seed: of what is lost on the network.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.postgres = EmbeddedPostgres(folder / "database")
        self.postgres_log = folder / "postgres.log"
        self.executions = folder / "executions.jsonl"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.crm = Crm(random.Random(f"crm {seed}"))
        self.to_postgres = LossyProxy(
            lambda: asyncio.open_unix_connection(str(self.postgres.socket_folder / ".s.PGSQL.5432")),
            lambda data: b"COMMIT\0" in data,
            _LOST_COMMITS,
            random.Random(f"postgres {seed}"),
        )
        super().__init__(folder / "home", self._settings())
        self.to_gateway = LossyProxy(
            lambda: asyncio.open_connection("127.0.0.1", self.port),
            lambda data: data.startswith(b"POST"),
            _LOST_REQUESTS,
            random.Random(f"gateway {seed}"),
        )

    @cached_property
    def database(self) -> Database:
        """The inbox, past the proxy."""
        return Database(connection_url=self.postgres.url().render_as_string(hide_password=False))

    @property
    def answers_lost(self) -> int:
        return sum(each.answers_lost for each in (self.to_postgres, self.to_gateway, self.crm))

    @property
    def unfinished(self) -> list[Path]:
        """Folders of files that a killed process may have left half-written."""
        return [self.home / folder / ".partial" for folder in ("blobs", "outbox")]

    def set_lossy(self, lossy: bool) -> None:
        """Lose answers from now on, or no more."""
        self.to_postgres.lossy = self.to_gateway.lossy = self.crm.lossy = lossy

    def prepare(self) -> None:
        """Start everything, and deploy the counters."""
        self.start()
        with self.database.transaction() as connection:
            for name in _COUNTERS:
                register_job(connection, jobs()[name])
            connection.exec_driver_sql((Path(__file__).parent / "recorder.sql").read_text())
        deployed = self.prefect("deploy", "--all", "--prefect-file", "tests/chaos/prefect.yaml")
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr

    def _settings(self) -> dict[str, str]:
        through_proxy = f"127.0.0.1:{self.to_postgres.port}/groundwork?sslmode=disable&gssencmode=disable"
        return {
            "GROUNDWORK_DATABASE_URL": f"postgresql://groundwork@{through_proxy}",
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": self.postgres.url(
                "prefect", driver="postgresql+asyncpg"
            ).render_as_string(hide_password=False),
            "GROUNDWORK_LEASE_SECONDS": str(LEASE_SECONDS),
            "GROUNDWORK_CLAIM_SECONDS": "10",
            "GROUNDWORK_MAX_ATTEMPTS": "100",
            "GROUNDWORK_EVENT_MODULES": "tests.chaos.count_events",
            "GROUNDWORK_PRELOAD": "tests.chaos.counter",
            "PYTHONPATH": str(PROJECT),
            "TMPDIR": str(self.temporary),
            counter.CRM_URL: self.crm.url,
            execution_log.VARIABLE: str(self.executions),
        }


@contextmanager
def storm_stack(seed: int) -> Iterator[StormStack]:
    """A running stack on a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="storm-") as folder, ExitStack() as ending:
        stack = StormStack(Path(folder), seed)
        for each in (stack.crm, stack.to_postgres, stack.to_gateway):
            ending.callback(each.close)
        stack.postgres.create()
        stack.postgres.start(stack.postgres_log)
        ending.callback(stack.postgres.stop)
        for name in ("groundwork", "prefect"):
            stack.postgres.create_database(name)
        ending.callback(stack.database.engine.dispose)
        ending.callback(stack.end)
        stack.prepare()
        yield stack
