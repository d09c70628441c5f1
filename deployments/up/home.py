"""The home of a running Groundwork: who has it, what it runs, and what a killed one left behind."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

import psutil
from pydantic import BaseModel

from blocks.errors import GroundworkError


class AlreadyRunning(GroundworkError):
    """Another `groundwork up` has this home. Stop it, or choose another folder with --home."""


class Running(BaseModel):
    """What a running ``up`` tells other processes, in ``up.json`` of its home."""

    pid: int
    gateway_url: str
    prefect_api_url: str
    prefect_ui_url: str
    parts: dict[str, tuple[int, float]] = {}
    """Process id and creation time by part, so that a reused process id is not taken for the part."""


class Home:
    """The folder and its files.

    Args:
        folder: created if it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.logs = self.folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._state = self.folder / "up.json"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Have the home to oneself. The kernel lets go of it when the process ends, however it ends.

        Raises:
            AlreadyRunning: another process has it; the message says which.
        """
        with (self.folder / "up.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                running = self.running()
                who = f" as process {running.pid}, gateway {running.gateway_url}" if running else ""
                raise AlreadyRunning(
                    f"Groundwork is already running on {self.folder}{who}. "
                    "Stop it with Ctrl-C there, or choose another home with --home."
                ) from None
            self._end_leftovers()
            try:
                yield
            finally:
                self._state.unlink(missing_ok=True)

    def running(self) -> Running | None:
        """What runs on this home, or None."""
        state = self._read()
        return state if state and psutil.pid_exists(state.pid) else None

    def tell(self, state: Running) -> None:
        """Let other processes know what runs here."""
        temporary = self._state.with_suffix(".new")
        temporary.write_text(state.model_dump_json(indent=2))
        temporary.replace(self._state)

    def _read(self) -> Running | None:
        try:
            return Running.model_validate_json(self._state.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _end_leftovers(self) -> None:
        """End the parts of an ``up`` that was killed: they would hold its ports and its database."""
        state = self._read()
        if state is None:
            return
        leftovers = [process for pid, created in state.parts.values() for process in _family(pid, created)]
        end_processes(leftovers, patience=5.0)
        self._state.unlink(missing_ok=True)


def _family(pid: int, created: float) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        if abs(process.create_time() - created) > 1.0:
            return []
        return [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return []


def end_processes(processes: list[psutil.Process], *, patience: float) -> None:
    """SIGTERM, and SIGKILL for those still there after ``patience`` seconds."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=patience)


def process_mark(pid: int) -> tuple[int, float]:
    """A process id with its creation time."""
    return pid, psutil.Process(pid).create_time()
