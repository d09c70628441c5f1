"""What a storm rages over in the layout `two`: each part twice, on two machines, over one PostgreSQL and one Redis."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path

import psutil
from sqlalchemy.exc import DBAPIError

from groundwork.blocks.work_pool import WORK_POOL
from groundwork.events.inbox.workers import places_online
from tests.chaos.storm.machine import Machine
from tests.chaos.storm.mail_server import LossyPostmaster
from tests.chaos.storm.stack import StormStack
from tests.integration.redis_server import Redis
from tests.integration.stack.running import PROJECT, START_SECONDS
from tests.waiting import wait_until

_FOR_ALL = ("gateway", "relay", "worker")
_UPGRADE_SECONDS = 120.0
"""How long a step of an upgrade is tried anew, while what it needs comes and goes."""


class TwoMachines(StormStack):
    """Two machines, each with a Prefect server, its services, a gateway, a relay and a worker, and a home of its own.

    They share PostgreSQL, Redis and the folder of blobs, as they would share a bucket.
    """

    def __init__(self, folder: Path, seed: int, postmaster: LossyPostmaster, mail_port: int) -> None:
        super().__init__(folder, seed, postmaster, mail_port)
        self.redis = Redis(folder)
        self._dice = random.Random(f"machines {seed}")
        (self.home / "blobs").mkdir(parents=True)
        inherited = {name: each for name, each in os.environ.items() if name in ("PATH", "LANG", "LD_LIBRARY_PATH")}
        told = {
            **inherited,
            **self._settings(),
            "GROUNDWORK_REDIS_URL": self.redis.url,
            "GROUNDWORK_STORAGE_URL": (self.home / "blobs").as_uri(),
            "GROUNDWORK_STORAGE_SHARED": "true",
            "GROUNDWORK_PREFECT_DATABASE_URL": self._prefect_database(),
        }
        del told["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
        self.machines = [Machine(folder / name, told) for name in ("one", "two")]
        self.port = self.machines[0].gateway_port

    @property
    def homes(self) -> list[Path]:
        return [each.home for each in self.machines]

    @property
    def logs(self) -> list[Path]:
        return [log for each in self.machines for log in each.logs]

    def part(self, name: str) -> psutil.Process:
        """One of the two, whichever the dice say.

        Raises:
            psutil.NoSuchProcess: none runs.
        """
        for machine in self._dice.sample(self.machines, len(self.machines)):
            if not machine.lost:
                return machine.part(name)
        raise psutil.NoSuchProcess(0)

    def prepare(self) -> None:
        """Start everything in the order of docs/operations.md: one server alone, which migrates, then a deploy."""
        self.redis.start()
        first, second = self.machines
        first.start("prefect", "services")
        wait_until(lambda: first.answers(f"{first.prefect_url}/api/health"), START_SECONDS, "the first server")
        second.start("prefect", "services")
        wait_until(lambda: second.answers(f"{second.prefect_url}/api/health"), START_SECONDS, "the second server")
        deployed = _deploy(first)
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        with self.database.transaction() as connection:
            connection.exec_driver_sql((Path(__file__).parent / "recorder.sql").read_text())
        for each in self.machines:
            each.start(*_FOR_ALL)
        for each in self.machines:
            wait_until(lambda at=each: at.answers(f"{at.gateway_url}/readyz"), START_SECONDS, "a gateway")
        wait_until(self._both_workers_are_there, START_SECONDS, "both workers")

    def upgrade(self) -> None:
        """Replace each part in turn, in the order of docs/production.md, after the schema of a later release.

        Raises:
            AssertionError: a step of it did not succeed, for all its attempts.
        """
        wait_until(self._take_later_schema, _UPGRADE_SECONDS, "the later schema")
        self._replace("prefect", "services")
        wait_until(self._deploys_anew, _UPGRADE_SECONDS, "the deploy")
        self._replace("worker", "relay", "gateway")

    def end(self) -> None:
        """End everything."""
        for each in self.machines:
            each.end()
        self.redis.kill()

    def _replace(self, *parts: str) -> None:
        for part in parts:
            for machine in self.machines:
                machine.replace(part)

    def _deploys_anew(self) -> bool:
        there = [each for each in self.machines if not each.lost]
        return bool(there) and _deploy(there[0]).returncode == 0

    def _take_later_schema(self) -> bool:
        """As a migration does, whose wait for a lock does not hold up everybody behind it."""
        try:
            with self.database.transaction() as connection:
                connection.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
                connection.exec_driver_sql("ALTER TABLE groundwork.event ADD COLUMN IF NOT EXISTS of_later text")
                connection.exec_driver_sql("UPDATE groundwork.migration SET version_num = '9999'")
        except DBAPIError:
            return False
        return True

    def _both_workers_are_there(self) -> bool:
        with self.database.transaction() as connection:
            places = places_online(connection).get(WORK_POOL) or 0
        return places == 2 * (4 + 2)

    def _prefect_database(self) -> str:
        return self.postgres.url("prefect", driver="postgresql").render_as_string(hide_password=False)

    async def _connect_to_gateway(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """As a load balancer does, which passes over one that is away."""
        ports = [each.gateway_port for each in self._dice.sample(self.machines, len(self.machines)) if not each.lost]
        for port in ports:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
        raise ConnectionRefusedError("no gateway is there")


def _deploy(machine: Machine) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "groundwork.deployments.cli", "deploy"]
    return subprocess.run(command, env=machine.environment, cwd=PROJECT, capture_output=True, text=True)
