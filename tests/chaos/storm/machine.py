"""One of several machines: parts in processes of their own, on a home of its own, started again when they end."""

import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import psutil

from groundwork.deployments.up.home import is_alive
from groundwork.deployments.up.ports import free_port
from tests.integration.process import Process
from tests.waiting import wait_until

RESTART_SECONDS = 1.0
"""How soon a supervisor starts a part again."""
_LOOK_SECONDS = 0.2
_REPLACE_SECONDS = 90.0
"""A worker that ends waits for its last run, and that one for what is away."""


class Machine:
    """What a supervisor such as systemd does for the parts of one machine.

    Args:
        folder: its own.
        variables: what every machine is told.

    Attributes:
        lost: its parts are gone, and nobody starts them again.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.home = folder / "groundwork"
        self.home.mkdir(parents=True)
        self.gateway_port, self.prefect_port = free_port(), free_port()
        self.lost = False
        self.environment = {
            **variables,
            "HOME": str(folder),
            "GROUNDWORK_HOME": str(self.home),
            "PREFECT_API_URL": f"{self.prefect_url}/api",
            "GROUNDWORK_HEALTH_PORT": "0",
        }
        self._commands: dict[str, Sequence[str]] = {
            "prefect": ("prefect-server", "--no-services", "--port", str(self.prefect_port)),
            "services": ("prefect-services",),
            "gateway": ("gateway", "--port", str(self.gateway_port)),
            "relay": ("relay",),
            "worker": ("worker",),
        }
        self._processes: dict[str, Process] = {}
        self._wanted: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name=f"supervisor of {folder.name}", daemon=True)

    @property
    def prefect_url(self) -> str:
        return f"http://127.0.0.1:{self.prefect_port}"

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def logs(self) -> list[Path]:
        return list(self.folder.glob("*.log"))

    def start(self, *parts: str) -> None:
        """Start parts, and keep them running."""
        with self._lock:
            for each in parts:
                self._wanted.add(each)
                self._processes[each] = self._process(each)
        if not self._supervisor.is_alive():
            self._supervisor.start()

    def part(self, name: str) -> psutil.Process:
        """One part as it runs now.

        Raises:
            psutil.NoSuchProcess: it does not.
        """
        process = self._processes[name]
        if not process.alive:
            raise psutil.NoSuchProcess(0)
        return psutil.Process(process.pid)

    def replace(self, name: str) -> None:
        """End a part by SIGTERM and wait until its successor runs. A lost machine has successors alone.

        Raises:
            AssertionError: the part has not ended, or nothing has followed it, in :data:`_REPLACE_SECONDS`.
        """
        with self._lock:
            if self.lost:
                return
            process = self._processes[name]
            if process.alive:
                process.signal(signal.SIGTERM)
        wait_until(
            lambda: self.lost or (self._processes[name] is not process and self._processes[name].alive),
            _REPLACE_SECONDS,
            f"the successor of {name}",
        )

    def processes(self) -> list[psutil.Process]:
        """All of its processes, those of killed parts included."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("GROUNDWORK_HOME") == str(self.home) and is_alive(process):
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def answers(self, url: str) -> bool:
        try:
            return httpx.get(url, timeout=2).is_success
        except httpx.HTTPError:
            return False

    def lose(self) -> list[int]:
        """The power goes: every process of it ends at once, and none starts again. Returns their ids."""
        with self._lock:
            self.lost = True
            killed = self.processes()
            for each in killed:
                try:
                    each.kill()
                except psutil.NoSuchProcess:
                    continue
        return [each.pid for each in killed]

    def come_back(self) -> None:
        """The power is there again."""
        self.lost = False

    def end(self) -> None:
        """Have every part end by SIGTERM, or else by SIGKILL: the worker first, whose runs need the others."""
        self._stop.set()
        if self._supervisor.is_alive():
            self._supervisor.join(10)
        for part in reversed(self._commands):
            if part in self._processes:
                self._processes[part].end()

    def _process(self, part: str) -> Process:
        command = [sys.executable, "-m", "groundwork.deployments.cli", *self._commands[part]]
        environment = self.environment
        if part == "services":
            environment = {name: each for name, each in environment.items() if name != "PREFECT_API_URL"}
        return Process(command, environment, self.folder / f"{part}.log")

    def _supervise(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            with self._lock:
                if self.lost:
                    continue
                ended = [each for each in self._wanted if not self._processes[each].alive]
            if not ended:
                continue
            time.sleep(RESTART_SECONDS)
            with self._lock:
                for each in ended:
                    if not self.lost and not self._stop.is_set():
                        self._processes[each] = self._process(each)
