"""The lease keeper: a small process that renews the leases of runs while their processes live and are not stopped.

A thread of the run could not: a call that holds the interpreter, such as a long one of a C library, holds up every
thread of its process. Runs introduce themselves over a socket that they have inherited, and the keeper ends with the
last of them. It is run by its path, imports nothing of ours, and psycopg only when there is a lease to renew: where
runs are short, it costs no more than the start of a bare interpreter.
"""

import contextlib
import json
import re
import selectors
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict
from uuid import UUID

if TYPE_CHECKING:
    import psutil
    import psycopg

RENEWED, LOST = b"+", b"-"
"""What a run hears of its lease."""
LOOK_AGAIN_SECONDS = 1.0
"""Pause after a run was found stopped, a row locked or the database away; a third of a lease where that is less. Too
long: who goes on in time loses his lease all the same."""


class Introduction(TypedDict):
    """What a run says of itself, as one line of JSON.

    Attributes:
        pid: its process.
        conninfo: libpq's words for the database of the deliveries.
        delivery_id: what it has claimed; of a batch, the first. None of a host.
        attempt: its fencing token.
        host: of a host, its flow run, whose deliveries are whatever it has claimed at a time; else None.
        lease_seconds: how long the lease lasts from its renewal on.
    """

    pid: int
    conninfo: str
    delivery_id: str | None
    attempt: int
    host: str | None
    lease_seconds: float


class _Run(NamedTuple):
    """A run that has introduced itself, and the line to it."""

    line: socket.socket
    told: Introduction


class LeaseKeeper:
    """Renews until nobody can introduce himself any more and nobody is left. One thread.

    Args:
        door: where runs introduce themselves: each sends one byte, and its line along with it.
    """

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._open = True
        self._said: dict[socket.socket, bytes] = {}
        self._runs: dict[socket.socket, _Run] = {}
        self._processes: dict[socket.socket, psutil.Process] = {}
        self._connections: dict[str, psycopg.Connection[tuple[object, ...]]] = {}
        self._due: float | None = None
        self._selector = selectors.DefaultSelector()

    def serve(self) -> None:
        """Serve until the last run has ended."""
        self._selector.register(self._door, selectors.EVENT_READ, self._let_in)
        while self._open or self._said:
            seconds = None if self._due is None else max(self._due - time.monotonic(), 0.0)
            for key, _ in self._selector.select(seconds):
                key.data(key.fileobj)
            if self._due is not None and self._due <= time.monotonic():
                self._renew_all()

    def _let_in(self, door: socket.socket) -> None:
        said, lines, _, _ = socket.recv_fds(door, 1, 1)
        if not said:
            self._open = False
            self._selector.unregister(door)
        for descriptor in lines:
            line = socket.socket(fileno=descriptor)
            line.setblocking(False)
            self._said[line] = b""
            self._selector.register(line, selectors.EVENT_READ, self._listen)

    def _listen(self, line: socket.socket) -> None:
        """Hear what a run says, or that its attempt is over or its process has ended: it then closes the line."""
        data = b""
        with contextlib.suppress(ConnectionError):
            data = line.recv(1 << 16)
        if not data:
            self._forget(line)
            return
        self._said[line] += data
        if self._said[line].endswith(b"\n"):
            run = self._runs[line] = _Run(line, json.loads(self._said[line]))
            third = run.told["lease_seconds"] / 3
            # The first one comes early, since what it needs has to be imported.
            due = time.monotonic() + (third / 2 if self._due is None else third)
            self._due = due if self._due is None else min(self._due, due)

    def _forget(self, line: socket.socket) -> None:
        self._selector.unregister(line)
        del self._said[line]
        self._runs.pop(line, None)
        self._processes.pop(line, None)
        line.close()

    def _renew_all(self) -> None:
        going: dict[str, list[_Run]] = {}
        calm = True
        for run in list(self._runs.values()):
            match self._state_of(run):
                case "going":
                    going.setdefault(run.told["conninfo"], []).append(run)
                case "stopped":
                    calm = False
                case "dead":
                    # A process that it has forked holds the line open.
                    self._forget(run.line)
        for conninfo, runs in going.items():
            calm = self._renew(conninfo, runs) and calm
        if not self._runs:
            self._due = None
            return
        third = min(run.told["lease_seconds"] for run in self._runs.values()) / 3
        self._due = time.monotonic() + (third if calm else min(third, LOOK_AGAIN_SECONDS))

    def _state_of(self, run: _Run) -> str:
        """How a run's process is: ``going``, ``stopped`` or ``dead``."""
        import psutil

        try:
            process = self._processes.setdefault(run.line, psutil.Process(run.told["pid"]))
            # Its number may be another process's by now.
            status = process.status() if process.is_running() else psutil.STATUS_DEAD
        except psutil.NoSuchProcess:
            return "dead"
        if status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP):
            return "stopped"
        return "dead" if status in (psutil.STATUS_DEAD, psutil.STATUS_ZOMBIE) else "going"

    def _renew(self, conninfo: str, runs: Sequence[_Run]) -> bool:
        """Renew the leases of one database, and tell the runs; whether nothing has to be tried again soon."""
        import psycopg

        try:
            connection = self._connections.get(conninfo) or psycopg.connect(
                conninfo, autocommit=True, prepare_threshold=None
            )
            self._connections[conninfo] = connection
            runs = sorted(runs, key=lambda run: run.told["host"] is not None)
            alone = [run for run in runs if run.told["host"] is None]
            renewals = connection.execute(_statement("renewal"), _parameters(alone)).fetchall() if alone else []
            for host in runs[len(alone) :]:
                told = {"flow_run_id": host.told["host"], "lease_seconds": host.told["lease_seconds"]}
                renewals += connection.execute(_statement("host_renewal"), told).fetchall()
        except psycopg.Error:
            # The next connection is tried soon. Each run tries itself when it hears nothing for long, and tells of it.
            if broken := self._connections.pop(conninfo, None):
                broken.close()
            return False
        for run, (renewed, held) in zip(runs, renewals, strict=True):
            with contextlib.suppress(OSError):
                if renewed:
                    run.line.send(RENEWED)
                elif not held:
                    run.line.send(LOST)
            if not renewed and not held:
                self._forget(run.line)
        return all(renewed or not held for renewed, held in renewals)


def _statement(name: str) -> bytes:
    """A statement that renews leases, as psycopg takes it: SQLAlchemy costs ten times as much to import."""
    text = Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")
    return re.sub(r":(\w+)", r"%(\1)s", text).encode()


def _parameters(runs: Sequence[_Run]) -> dict[str, object]:
    return {
        "delivery_ids": [UUID(run.told["delivery_id"] or "") for run in runs],
        "attempts": [run.told["attempt"] for run in runs],
        "lease_seconds": [run.told["lease_seconds"] for run in runs],
    }


def main() -> None:
    """Serve whoever has inherited the other end of the socket whose number is the argument."""
    # It ends with the last run: signals for the group, or of a terminal, are for the runs.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    LeaseKeeper(socket.socket(fileno=int(sys.argv[1]))).serve()


if __name__ == "__main__":
    main()
