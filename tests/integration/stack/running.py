"""A real ``groundwork up`` in a process of its own, as a person starts it in a terminal."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from groundwork.blocks.database import Database
from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.deployments.up.home import Home, Running, is_alive
from groundwork.deployments.up.ports import free_port
from tests.waiting import wait_until

PROJECT = Path(__file__).resolve().parents[3]
START_SECONDS = 180.0
END_SECONDS = 20.0
"""``up`` gives its parts less than 10 s; the rest is for a machine on which other tests run."""


class RunningStack:
    """``groundwork up`` on a home.

    Args:
        home: its folder.
        settings: environment variables on top of none: those of the test session do not reach it.
        project: folder that it is started in, with the code that it runs.
        python: interpreter that it is installed for.

    Attributes:
        stopped: exit codes of one that was stopped.
    """

    stopped: frozenset[int] = frozenset({0})

    def __init__(
        self,
        home: Path,
        settings: Mapping[str, str] | None = None,
        project: Path = PROJECT,
        python: str = sys.executable,
    ) -> None:
        self.home = home
        self.project = project
        self.python = python
        self.port, self.prefect_port = free_port(), free_port()
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GROUNDWORK_", "PREFECT_", "MAKE", "MFLAGS"))
        }
        self.environment = inherited | dict(settings or {})
        self._up: subprocess.Popen[bytes] | None = None

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.prefect_port}/api"

    @property
    def up_pid(self) -> int:
        assert self._up is not None
        return self._up.pid

    @property
    def state(self) -> Running:
        running = Home(self.home).running()
        assert running is not None, "`groundwork up` does not run"
        return running

    @property
    def parts(self) -> dict[str, int]:
        """Process ids of the parts that it has started so far; none before it says so."""
        self._assert_alive()
        running = Home(self.home).running()
        return running.parts if running else {}

    @cached_property
    def database(self) -> Database:
        url = EmbeddedPostgres(self.home).url()
        return Database(connection_url=url.render_as_string(hide_password=False))

    def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        printed = self.terminal.stat().st_size if self.terminal.exists() else 0
        self.launch()
        wait_until(lambda: self._ready(printed), START_SECONDS, what="`groundwork up` is ready")

    @contextmanager
    def running(self, end_by: signal.Signals = signal.SIGTERM) -> Iterator[Self]:
        """It runs within the block; whatever was done to it, the signal has to end it in time."""
        try:
            self.start()
            yield self
        finally:
            self.end(end_by)

    def launch(self) -> None:
        """Start it in a process group of its own, as a shell does."""
        with self.terminal.open("ab") as output:
            self._up = subprocess.Popen(
                self.command("up", "--port", str(self.port), "--prefect-port", str(self.prefect_port)),
                env=self.environment,
                cwd=self.project,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ensure_running(self) -> None:
        """Start it unless it runs."""
        if self._up is None or self._up.poll() is not None:
            self.start()

    @property
    def terminal(self) -> Path:
        return self.home.with_name(f"{self.home.name}.terminal")

    def _ready(self, printed: int) -> bool:
        self._assert_alive()
        return b"Prefect UI http" in self.terminal.read_bytes()[printed:]

    def _assert_alive(self) -> None:
        assert self._up is not None
        assert self._up.poll() is None, f"`groundwork up` ended:\n{self.terminal.read_text()[-3000:]}"

    def stop(self, by: signal.Signals = signal.SIGINT) -> float:
        """Ctrl-C, or another signal to the whole foreground group.

        Returns:
            Seconds until it had ended.

        Raises:
            AssertionError: it did not end, or left a process behind.
        """
        assert self._up is not None
        before = self.processes()
        began = time.monotonic()
        os.killpg(self._up.pid, by)
        code = self._up.wait(timeout=30)
        seconds = time.monotonic() - began
        assert code in self.stopped, f"exit code {code}:\n{self.terminal.read_text()[-3000:]}"
        assert [process for process in before if is_alive(process)] == []
        return seconds

    def end(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Stop it, if it runs, within :data:`END_SECONDS`."""
        if self._up is None or self._up.poll() is not None:
            return
        try:
            assert self.stop(by) < END_SECONDS
        finally:
            self._up.kill()
            Home(self.home).end_parts(patience=1.0)
            Home(self.home).end_postgres(patience=1.0)

    def is_ready(self) -> bool:
        """Whether the gateway accepts events and Prefect answers."""
        try:
            answers = [
                httpx.get(url, timeout=2) for url in (f"{self.state.gateway_url}/readyz", f"{self.api_url}/health")
            ]
        except httpx.HTTPError:
            return False
        return all(each.is_success for each in answers)

    def kill(self) -> list[psutil.Process]:
        """``kill -9`` of `up` alone. Returns the parts that are left over."""
        assert self._up is not None
        parts = self.processes()
        self._up.kill()
        self._up.wait()
        return [process for process in parts if is_alive(process)]

    def processes(self) -> list[psutil.Process]:
        """Every process of it but `up` itself."""
        return psutil.Process(self.up_pid).children(recursive=True)

    def part(self, name: str) -> psutil.Process:
        """One part, as it runs now."""
        return psutil.Process(self.parts[name])

    def kill_part(self, name: str) -> None:
        """SIGKILL one part, and wait until another process has taken its place."""
        killed = self.part(name)
        killed.kill()
        wait_until(lambda: self.parts.get(name, killed.pid) != killed.pid, 120, what=f"{name} is started again")

    @contextmanager
    def paused_part(self, name: str) -> Iterator[None]:
        """One part and what it has started stand still; all of it goes on afterwards, whatever happens between."""
        part = self.part(name)
        stopped = [part]
        try:
            part.suspend()
            # Its processes are listed once it starts no more. One that ends meanwhile needs no stop.
            for process in part.children(recursive=True):
                stopped.append(process)
                with suppress(psutil.NoSuchProcess):
                    process.suspend()
            yield
        finally:
            for process in stopped:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def command(self, *arguments: str) -> list[str]:
        return [self.python, "-m", "groundwork.deployments.cli", *arguments, "--home", str(self.home)]

    def groundwork(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line against it."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment,
            cwd=self.project,
            capture_output=True,
            text=True,
            timeout=180,
        )

    def prefect(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Prefect's own command line against it, in the project's folder, as a Prefect user does."""
        return subprocess.run(
            [self.python, "-m", "prefect", "--no-prompt", *arguments],
            env=self.environment | {"PREFECT_API_URL": self.api_url},
            cwd=self.project,
            capture_output=True,
            text=True,
            timeout=180,
        )

    def ask_prefect(self, path: str, body: Any = None, *, method: str = "POST") -> Any:
        """The answer of Prefect's HTTP API."""
        response = httpx.request(method, f"{self.api_url}{path}", json=body, timeout=10)
        response.raise_for_status()
        return response.json() if response.content else None
