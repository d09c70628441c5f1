"""A container of ours without a container engine: its command, with the image's and its service's environment alone."""

import re
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from groundwork.deployments.up.ports import free_port
from tests.compose import ROOT, SECRETS, Service
from tests.integration.process import Process
from tests.waiting import wait_until

START_SECONDS = 240.0
_ENDS_WITHIN = 60.0
_URL = re.compile(r"http://127\.0\.0\.1:(\d+)(/[a-z/]+)")


@dataclass
class Places:
    """Where on this machine is what the containers find by names and paths of theirs.

    Attributes:
        folder: of the installation.
        bin: the programs of the image.
        hosts: address by name and port, such as ``minio:9000``.
    """

    folder: Path
    bin: Path
    hosts: dict[str, str]

    def here(self, said: str) -> str:
        """What a container is told, as it is on this machine."""
        said = said.replace(SECRETS, f"{self.folder / 'secrets'}/").replace("/srv/groundwork", str(self.project))
        for name, address in self.hosts.items():
            said = said.replace(name, address)
        return said.replace("0.0.0.0", "127.0.0.1")

    @property
    def project(self) -> Path:
        return self.folder / "srv"


@dataclass
class Container:
    """One of the containers of a service.

    Attributes:
        number: among those of the service, from 1.
        ports: those of this machine by those that it has for itself.
    """

    service: Service
    number: int
    places: Places
    ports: dict[str, int] = field(default_factory=lambda: {each: free_port() for each in ("4200", "8700", "health")})
    process: Process | None = None

    @property
    def name(self) -> str:
        return f"{self.service.name}-{self.number}"

    @property
    def log(self) -> Path:
        return self.places.folder / "logs" / f"{self.name}.log"

    @property
    def home(self) -> Path:
        return self.places.folder / "homes" / self.name

    @property
    def environment(self) -> dict[str, str]:
        """That of the image and of the service; and the ports, which in containers are no other's."""
        self.home.mkdir(parents=True, exist_ok=True)
        of_image = {
            name: value.replace("/var/lib/groundwork", str(self.home)) for name, value in image_variables().items()
        }
        path = {"PATH": f"{self.places.bin}:/usr/bin:/bin"}
        own = {"GROUNDWORK_PORT": "8700", "GROUNDWORK_PREFECT_PORT": "4200", "GROUNDWORK_HEALTH_PORT": "health"}
        given = {name: self.places.here(value) for name, value in (of_image | self.service.environment).items()}
        return given | path | {name: str(self.ports[port]) for name, port in own.items()}

    @property
    def command(self) -> list[str]:
        return [str(self.places.bin / "groundwork"), *map(self.places.here, self.service.command)]

    def start(self) -> None:
        """Start it, or start it again."""
        self.log.parent.mkdir(exist_ok=True)
        self.process = Process(self.command, self.environment, self.log, folder=self.places.project)

    def run(self) -> None:
        """Run it to its end, which has to be a good one."""
        self.start()
        assert self.process is not None
        assert self.process.wait(START_SECONDS) == 0, self.log.read_text()

    def stop(self) -> None:
        """End it as Compose does, in order."""
        assert self.process is not None
        self.process.signal(signal.SIGTERM)
        assert self.process.wait(_ENDS_WITHIN) == 0, self.log.read_text()

    def wait_until_healthy(self) -> None:
        """Wait until the service's own check succeeds."""
        if "healthcheck" not in self.service.given:
            return
        _, program, *arguments = self.service.given["healthcheck"]["test"]
        arguments = [_URL.sub(lambda found: f"http://127.0.0.1:{self._port(found[1])}{found[2]}", each)
                     for each in arguments]  # fmt: skip
        [url] = [found[0] for each in arguments if (found := _URL.search(each))]
        wait_until(lambda: self._answers(url), START_SECONDS, f"{self.name} is healthy; its log is {self.log}")
        subprocess.run([str(self.places.bin / program), *arguments], check=True, env={}, timeout=30)

    def _port(self, inside: str) -> int:
        return self.ports.get(inside, self.ports["health"])

    def _answers(self, url: str) -> bool:
        assert self.process is not None
        assert self.process.alive, self.log.read_text()
        try:
            return httpx.get(url, timeout=5).is_success
        except httpx.TransportError:
            return False


def image_variables() -> dict[str, str]:
    """What the image sets."""
    last = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2].replace("\\\n", " ")
    [said] = re.findall(r"^ENV (.*)$", last, re.MULTILINE)
    return dict(each.split("=", 1) for each in said.split())
