"""A Redis of its own, which keeps nothing on disk."""

import shutil
import socket
import subprocess
from pathlib import Path

from groundwork.deployments.up.ports import free_port
from tests.waiting import wait_until

PROGRAM = shutil.which("redis-server")


class Redis:
    """A `redis-server`, started by :meth:`start`.

    Args:
        folder: of its log.
    """

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert PROGRAM is not None, "there is no redis-server"
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
                cwd=self._folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(lambda: self._answer("PING") == "+PONG", 20, "Redis to answer")

    def wipe(self) -> None:
        """Have it forget everything."""
        assert self._answer("FLUSHALL") == "+OK"

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answer(self, command: str) -> str | None:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(f"{command}\r\n".encode())
                return connection.makefile().readline().strip()
        except OSError:
            return None
