"""The log of one part, and the process that writes it."""

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from groundwork.deployments.up import log_writer

_PIPE_BYTES = 1024 * 1024
"""What a part may be ahead of its log before it has to wait. Linux writes a line into a pipe in one piece where there
is room for it, so this keeps lines above 4 KiB of several processes apart, except while they flood it."""
_SET_PIPE_BYTES = getattr(fcntl, "F_SETPIPE_SZ", None)


def write_output_to(path: Path) -> None:
    """Let what this process writes from now on, and what it becomes and starts, go to a log file that is rotated.

    Args:
        path: of the current file; older ones are beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with PartLog(path).opened() as output:
        os.dup2(output, sys.stdout.fileno())
        os.dup2(output, sys.stderr.fileno())


class PartLog:
    """A log file that is written by a process of its own, which outlives this one with the part.

    Args:
        path: of the current file; older ones are beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_end: int | None = None
        self._writer: subprocess.Popen[bytes] | None = None

    @contextmanager
    def opened(self) -> Iterator[int]:
        """A file descriptor for the output of a part that is started within the block."""
        self._forget()
        self.path.touch(mode=0o600)
        self._read_end, write_end = os.pipe()
        try:
            if _SET_PIPE_BYTES is not None:
                # Refused to a user who has many such pipes: the usual size does too.
                with contextlib.suppress(OSError):
                    fcntl.fcntl(write_end, _SET_PIPE_BYTES, _PIPE_BYTES)
            self._start_writer()
            yield write_end
        finally:
            os.close(write_end)

    def watch(self) -> None:
        """Start the writer again if it was killed. Its pipe is open here too: what it had not read yet is not lost."""
        if self._writer is not None and self._writer.poll() not in (None, 0):
            self._start_writer()

    def wait(self, timeout: float) -> None:
        """Return once all that the part has said is written: after its last process has ended, or after the seconds."""
        if self._writer is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._writer.wait(timeout)

    def close(self, timeout: float) -> None:
        """Wait likewise, then end the writer."""
        self.wait(timeout)
        if self._writer is not None and self._writer.poll() is None:
            self._writer.kill()
            self._writer.wait()
        self._forget()

    def _forget(self) -> None:
        if self._read_end is not None:
            os.close(self._read_end)
        self._read_end = self._writer = None

    def _start_writer(self) -> None:
        # Not marked as of a part, and without its environment, which has secrets that it does not need.
        self._writer = subprocess.Popen(
            [sys.executable, "-I", "-S", log_writer.__file__, str(self.path)],
            env={},
            stdin=self._read_end,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
