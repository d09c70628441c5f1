"""All of ``compose.yaml`` on this machine: PostgreSQL, Redis, an S3 and a mail server that are real, and our parts."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psycopg
import pytest
from s3fs import S3FileSystem

from groundwork.blocks.embedded import programs_folder
from groundwork.deployments.up.ports import free_port
from groundwork.events.client import GatewayClient
from tests.bare_environment import BareEnvironment
from tests.compose import ROOT, Service, services
from tests.integration.blocks.mail_server import Postmaster, serving
from tests.integration.hosting.container import Container, Places
from tests.integration.stack.external_postgres import ExternalPostgres
from tests.waiting import wait_until
from tests.wheel import build_wheel

HOSTING = ROOT / "deployments" / "hosting"


class Installation:
    """The services, with their containers.

    Args:
        folder: for everything but PostgreSQL.
        postgres: an empty server.
    """

    def __init__(self, folder: Path, postgres: ExternalPostgres) -> None:
        self.folder = folder
        self.postgres = postgres
        self.postmaster = Postmaster()
        subprocess.run(["sh", str(HOSTING / "make-secrets.sh"), str(folder / "secrets")], check=True)
        bare = BareEnvironment(folder / "image")
        bare.install(str(build_wheel(folder)), folder=folder)
        self.places = Places(folder, bare.bin, {"postgres:5432": f"127.0.0.1:{postgres.port}"})
        self.places.project.mkdir()
        shutil.copy(ROOT / "prefect.yaml", self.places.project)
        self.containers: dict[str, list[Container]] = {}

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text().strip()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Everything, in the order that the services ask for, until the block ends."""
        with ExitStack() as stack:
            self.run_sql("roles.sql")
            self.run_sql("passwords.sql")
            stack.enter_context(self._redis())
            stack.enter_context(self._store())
            port = stack.enter_context(serving(self.postmaster))
            self.places.hosts["mailpit:1025"] = f"127.0.0.1:{port}"
            self._tell_addresses()
            stack.callback(self._end)
            for service in services().values():
                if service.is_part:
                    self._begin(service)
            for each in self.all:
                if each.process is not None and each.process.alive:
                    each.wait_until_healthy()
            yield

    @property
    def all(self) -> list[Container]:
        return [each for containers in self.containers.values() for each in containers]

    def gateways(self) -> list[GatewayClient]:
        """A client of each gateway, as a sender has it."""
        return [
            GatewayClient(
                f"http://127.0.0.1:{each.ports['8700']}", self.secret("event-key"), self.secret("signing-secret")
            )
            for each in self.containers["gateway"]
        ]

    def command(self, *arguments: str) -> None:
        """Run a command of an operator, in a container of the gateway's service."""
        gateway = self.containers["gateway"][0]
        done = subprocess.run(
            [gateway.command[0], *arguments],
            cwd=gateway.places.project,
            env=gateway.environment,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def run_sql(self, file: str) -> None:
        """Have psql run a file of the installation, as the superuser."""
        copy = self.folder / file
        copy.write_text(self.places.here((HOSTING / "postgresql" / file).read_text()))
        self.program("psql", "--dbname", self.postgres.url(), "--file", str(copy))

    def program(self, name: str, *arguments: str) -> None:
        """Run a program of PostgreSQL."""
        done = subprocess.run([str(programs_folder() / name), *arguments], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What the role of the parts reads."""
        with psycopg.connect(self.secret("database-url"), autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def _begin(self, service: Service) -> None:
        for name, how in service.given.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                for each in self.containers.get(name, []):
                    each.wait_until_healthy()
        count = service.given.get("deploy", {}).get("replicas", 1)
        made = [Container(service, number, self._places_of(number)) for number in range(1, count + 1)]
        self.containers[service.name] = made
        for each in made:
            if service.name == "prefect-server":
                each.places.hosts["prefect-server:4200"] = f"127.0.0.1:{each.ports['4200']}"
            if service.given["restart"] == "no":
                each.run()
            else:
                each.start()

    def _places_of(self, number: int) -> Places:
        """The name of a service leads some containers to one of its own, and others to the other."""
        hosts = dict(self.places.hosts)
        if servers := self.containers.get("prefect-server"):
            hosts["prefect-server:4200"] = f"127.0.0.1:{servers[(number - 1) % len(servers)].ports['4200']}"
        return Places(self.folder, self.places.bin, hosts)

    def _tell_addresses(self) -> None:
        """The secrets name hosts, too."""
        for file in (self.folder / "secrets").iterdir():
            file.write_text(self.places.here(file.read_text()))

    @contextmanager
    def _redis(self) -> Iterator[None]:
        if shutil.which("redis-server") is None:
            pytest.skip("redis-server is not installed (apt-get install redis-server)")
        port = free_port()
        self.places.hosts["redis:6379"] = f"127.0.0.1:{port}"
        command = [self.places.here(each) for each in services()["redis"].command]
        process = subprocess.Popen([*command, "--port", str(port), "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def _store(self) -> Iterator[None]:
        port = free_port()
        self.places.hosts["minio:9000"] = f"127.0.0.1:{port}"
        url = f"http://127.0.0.1:{port}"
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: _answers(url), 60, "the S3 server")
            store = S3FileSystem(
                key=self.secret("s3-user"),
                secret=self.secret("s3-password"),
                endpoint_url=url,
                skip_instance_cache=True,
            )
            store.call_s3("create_bucket", Bucket="groundwork")
            yield
        finally:
            process.kill()
            process.wait()

    def _end(self) -> None:
        for each in self.all:
            if each.process is not None:
                each.process.signal(15)
        for each in self.all:
            if each.process is not None:
                each.process.end()


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """A running installation."""
    with TemporaryDirectory(prefix="gw-") as short:
        postgres = ExternalPostgres(Path(short))
        try:
            installation = Installation(folder, postgres)
            with installation.running():
                yield installation
        finally:
            postgres.close()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code < 500
    except httpx.TransportError:
        return False
