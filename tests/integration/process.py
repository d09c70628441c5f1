"""A part of Groundwork in a process of its own, and what it logs."""

import subprocess
from pathlib import Path

from tests.waiting import wait_until


class Process:
    """One process.

    Args:
        command: its command line.
        environment: the whole environment.
        log: file for its output.
        folder: that it starts in. Default: this process's.
    """

    def __init__(
        self, command: list[str], environment: dict[str, str], log: Path, *, folder: Path | None = None
    ) -> None:
        self._log = log
        self._read = 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=folder
            )

    @property
    def pid(self) -> int:
        assert self.alive, f"it has ended with {self._process.returncode}:\n{self.logged}"
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def logged(self) -> str:
        """What it has logged since :meth:`forget`."""
        return self._log.read_bytes()[self._read :].decode(errors="replace")

    def forget(self) -> None:
        self._read = self._log.stat().st_size

    def says(self, text: str, timeout: float = 30) -> None:
        """Wait until it has logged something; fail at once if it ends."""
        wait_until(lambda: self.pid and text in self.logged, timeout, f"{text!r} in:\n{self.logged}")

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self, timeout: float) -> int:
        return self._process.wait(timeout)

    def end(self) -> None:
        if self.alive:
            self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
