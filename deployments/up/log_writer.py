"""The process that writes the log of one part: ``python -I -S log_writer.py LOG`` with the part's output as its input.

It is started for each part and imports next to nothing. It ends when the last process of the part has ended, and not
before: signals that end the parts do not reach it, and a killed `up` leaves it to the parts that outlive it.
"""

import fcntl
import os
import signal
import sys

LOG_BYTES = 8 * 1024 * 1024
"""Most bytes of one file. Smaller: what led to a failure may be gone. Larger: the disk pays for a part that floods."""
LOGS_KEPT = 3
"""Files kept besides the current one: LOG.1, the newest, to LOG.3."""
LONGEST_LINE = 1024 * 1024
"""Bytes above which a line is written in pieces, so that output without line ends takes no memory without end."""
_PIECE = 64 * 1024


class RotatingLog:
    """A log file that begins anew when it is full, between two lines.

    Several processes may write to one: a part that was started again, and what is left of the one before.

    Args:
        path: of the current file.
        limit: bytes of one file.
    """

    def __init__(self, path: str, limit: int = LOG_BYTES) -> None:
        self._path = path
        self._limit = limit
        self._file = self._open()
        self._lost = 0

    def write(self, lines: bytes) -> None:
        """Append whole lines. Where the disk is full they are lost, and so many bytes are told once there is room."""
        try:
            self._lock(len(lines))
            if self._lost:
                self._append(f"... {self._lost} bytes of this log were lost: they could not be written\n".encode())
                self._lost = 0
            self._append(lines)
        except OSError:
            self._lost += len(lines)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _lock(self, coming: int) -> None:
        """Have the current file to oneself, with room for what is coming."""
        while True:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            ours = os.fstat(self._file)
            try:
                is_current = os.path.samestat(ours, os.stat(self._path))
            except FileNotFoundError:
                is_current = False
            if is_current and (ours.st_size == 0 or ours.st_size + coming <= self._limit):
                return
            if is_current:
                for number in range(LOGS_KEPT - 1, 0, -1):
                    self._rename(f"{self._path}.{number}", f"{self._path}.{number + 1}")
                self._rename(self._path, f"{self._path}.1")
            before, self._file = self._file, self._open()
            os.close(before)

    def _rename(self, old: str, new: str) -> None:
        if os.path.exists(old):
            os.replace(old, new)

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def _append(self, content: bytes) -> None:
        while content:
            content = content[os.write(self._file, content) :]


def main() -> None:
    """Write until the input ends."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    log = RotatingLog(sys.argv[1])
    rest = b""
    while piece := os.read(0, _PIECE):
        rest += piece
        end = rest.rfind(b"\n") + 1
        if end == 0 and len(rest) >= LONGEST_LINE:
            end = len(rest)
        if end:
            log.write(rest[:end])
            rest = rest[end:]
    if rest:
        log.write(rest + b"\n")


if __name__ == "__main__":
    main()
