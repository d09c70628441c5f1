"""The home of a running Groundwork: who has it, what it runs, and what a killed one left behind."""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from pydantic import BaseModel

from groundwork.blocks.beneath import make_private, private_folder
from groundwork.blocks.errors import GroundworkError
from groundwork.deployments.up.log_writer import LOGS_KEPT

PART_VARIABLE = "GROUNDWORK_PART"
"""Environment variable that, with GROUNDWORK_HOME, marks a part of a running Groundwork and all that it starts."""

WORKER = "worker"
"""Name of the part that executes runs."""
PREFECT = "prefect"
"""Name of the part that is Prefect's server."""


class AlreadyRunning(GroundworkError):
    """Another `groundwork up` has this home. Stop it, or choose another folder with --home."""


class Running(BaseModel):
    """What a running ``up`` tells other processes, in ``up.json`` of its home.

    Attributes:
        started_at: creation time of the process ``pid``, so that a reused process id is not taken for it.
        parts: process ids by name.
    """

    pid: int
    started_at: float
    gateway_url: str
    prefect_api_url: str
    prefect_ui_url: str
    parts: dict[str, int] = {}


class Home:
    """The folder and its files.

    Args:
        folder: created if it does not exist, for this user only.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.logs = self.folder / "logs"
        private_folder(self.logs)
        self._state = self.folder / "up.json"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Have the home to oneself, and keep it from other users: only this one can read what is in it and what this
        process and its children write meanwhile. The kernel lets go of it when the process ends, however it ends.

        Raises:
            AlreadyRunning: another process has it; the message says which.
        """
        make_private(self.folder)
        with _nothing_for_others(), (self.folder / "up.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                running = self.running()
                who = f" as process {running.pid}, gateway {running.gateway_url}" if running else ""
                raise AlreadyRunning(
                    f"Groundwork is already running on {self.folder}{who}. "
                    "Stop it with Ctrl-C there, or choose another home with --home."
                ) from None
            # A killed `up` leaves its parts running: they would hold its ports and its database.
            self.end_parts(patience=3.0)
            self.end_postgres(patience=5.0)
            self._take_over_old_logs()
            try:
                yield
            finally:
                self._state.unlink(missing_ok=True)

    def _take_over_old_logs(self) -> None:
        """Give logs that were set aside by an earlier version a name under which they are deleted in their turn."""
        for path in self.logs.glob("*.log.old"):
            path.replace(path.with_suffix(f".{LOGS_KEPT}"))

    def running(self) -> Running | None:
        """What runs on this home, or None."""
        try:
            state = Running.model_validate_json(self._state.read_text())
            started_at = psutil.Process(state.pid).create_time()
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None
        return state if abs(started_at - state.started_at) < 1.0 else None

    def tell(self, state: Running) -> None:
        """Let other processes know what runs here."""
        temporary = self._state.with_suffix(".new")
        temporary.write_text(state.model_dump_json(indent=2))
        temporary.replace(self._state)

    def end_parts(self, *, patience: float) -> None:
        """End every part on this home with all that it started, PostgreSQL excepted.

        Found by their environment and not by their parents: a part that was killed leaves its children to others. The
        worker goes first, so that its runs can tell Prefect that they end.

        Args:
            patience: seconds from SIGTERM to SIGKILL, for the worker with its runs, and again for the others.
        """
        _end([process for process, part in self._parts() if part == WORKER], patience)
        _end([process for process, _ in self._parts()], patience)

    def end_postgres(self, *, patience: float) -> None:
        """End the embedded PostgreSQL of this home, whoever started it: fast shutdown first, then immediate."""
        for how in (signal.SIGINT, signal.SIGQUIT):
            process = self._postmaster()
            if process is None or not is_alive(process):
                return
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(how)
            _wait([process], patience)

    def _parts(self) -> Iterator[tuple[psutil.Process, str]]:
        """Processes of this home, each with the part that it belongs to."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                environment = process.environ()
                if PART_VARIABLE in environment and environment.get("GROUNDWORK_HOME") == str(self.folder):
                    yield process, environment[PART_VARIABLE]

    def _postmaster(self) -> psutil.Process | None:
        data = self.folder / "postgres"
        try:
            process = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
            return process if str(data) in process.cmdline() else None
        except (FileNotFoundError, ValueError, IndexError, psutil.Error):
            return None


@contextlib.contextmanager
def _nothing_for_others() -> Iterator[None]:
    """Files and folders that this process and its children make are for this user only."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still does something; one that waits to be reaped, as some containers never do, does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _end(processes: list[psutil.Process], patience: float) -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        processes = [process for process in processes if is_alive(process)]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(how)
        _wait(processes, patience)


def _wait(processes: list[psutil.Process], patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and any(is_alive(process) for process in processes):
        time.sleep(0.05)
