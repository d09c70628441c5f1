"""One part of a running Groundwork: a child process with a log of its own."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from groundwork.blocks.errors import GroundworkError
from groundwork.deployments.up.part_log import PartLog
from groundwork.deployments.up.stages import tail

_LAST_WORDS_SECONDS = 1.0
"""How long what a part said last may take to reach its log."""
_POLL_SECONDS = 0.05
"""How often it is asked whether it is ready; a question costs a millisecond."""


class PartFailed(GroundworkError):
    """A part did not come up. The message quotes the end of its log."""

    exit_code = 1


class Part:
    """A child process.

    Args:
        name: for people.
        command: its command line; ``python -m MODULE …`` for one that may be prepared.
        environment: the whole environment.
        log: file its output is appended to, by a process that outlives this one, so that the part does so unharmed.
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
        self._log = PartLog(log)
        self._command = list(command)
        self._environment = dict(environment)
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None
        self._waits = False

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs or before it started."""
        return self._process.poll() if self._process else None

    def prepare(self) -> None:
        """Start the process and let it import what it needs; it goes on at :meth:`start`."""
        python, flag, *module = self._command
        self._run([python, flag, "groundwork.deployments.up.launch", *module], subprocess.PIPE)
        self._waits = True

    def start(self) -> None:
        """Start the process, or let a prepared one go on."""
        if self._waits and self._process is not None and self._process.stdin is not None:
            self._waits = False
            # Where it has ended already, waiting for it says so.
            with contextlib.suppress(BrokenPipeError), self._process.stdin as go:
                go.write(b"\n")
        else:
            self._run(self._command, subprocess.DEVNULL)

    def renew(self, patience: float) -> None:
        """Let a new process, which has imported its code meanwhile, take the place of the one that runs.

        Args:
            patience: seconds that the old one has to end what it is at, before it is killed.
        """
        old = self._process
        self.prepare()
        if old is not None:
            old.terminate()
            try:
                old.wait(patience)
            except subprocess.TimeoutExpired:
                old.kill()
                old.wait()
        self.start()

    def signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _run(self, command: Sequence[str], stdin: int) -> None:
        """Run the process in a session of its own, so that Ctrl-C reaches it through its parent only."""
        with self._log.opened() as output:
            self._process = subprocess.Popen(
                command,
                env=self._environment,
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def watch_log(self) -> None:
        """Start again who writes the log, if that process was killed."""
        self._log.watch()

    def close_log(self) -> None:
        """Return once all is written that it has said; call it when it has ended."""
        self._log.close(_LAST_WORDS_SECONDS)

    def wait_until_ready(self, timeout: float) -> None:
        """Return once it does its work.

        Raises:
            PartFailed: it ended, or was not ready within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while not self._ready():
            if time.monotonic() > deadline:
                raise PartFailed(f"{self.name} was not ready within {timeout:.0f} s. {tail(self.log)}")
            if self.exit_code is not None:
                self._log.wait(_LAST_WORDS_SECONDS)
                raise PartFailed(f"{self.name} ended with exit code {self.exit_code}. {tail(self.log)}")
            time.sleep(_POLL_SECONDS)
