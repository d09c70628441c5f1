"""One part of a running Groundwork: a child process with a log of its own."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from blocks.errors import GroundworkError


class PartFailed(GroundworkError):
    """A part did not come up. The message quotes the end of its log."""

    exit_code = 1


class Part:
    """A child process.

    Args:
        name: for people.
        command: its command line.
        environment: the whole environment.
        log: file its output is appended to; a file and not a pipe, so that the part outlives a killed parent unharmed.
        ready: says whether it does its work yet.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._environment = dict(environment)
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs or before it started."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start the process in a session of its own, so that Ctrl-C reaches it through its parent only."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self, timeout: float) -> None:
        """Return once it does its work.

        Raises:
            PartFailed: it ended, or was not ready within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while not self._ready():
            if time.monotonic() > deadline:
                raise PartFailed(f"{self.name} was not ready within {timeout:.0f} s. {self._tail()}")
            if self.exit_code is not None:
                raise PartFailed(f"{self.name} ended with exit code {self.exit_code}. {self._tail()}")
            time.sleep(0.1)

    def _tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        return f"Its log, {self.log}, ends:\n  " + "\n  ".join(lines)
