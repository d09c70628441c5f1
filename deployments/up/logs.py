"""The logs of all parts in one terminal."""

import os
import threading
from pathlib import Path
from typing import BinaryIO

from groundwork.deployments.up.log_writer import LOGS_KEPT
from groundwork.deployments.up.stream import Stream

_POLL_SECONDS = 0.2


class LogTail:
    """Tells a stream what is appended to the log files of a folder, each line with the name of its part.

    Args:
        folder: with ``NAME.log`` files; those made later are found too. What they held before is not printed. A file
            that was full is read to its end, and those that follow it.
        stream: is told each line.
    """

    def __init__(self, folder: Path, stream: Stream) -> None:
        self._stream = stream
        self._folder = folder
        self._files: dict[Path, BinaryIO] = {}
        self._told = False
        for path in folder.glob("*.log"):
            self._files[path] = path.open("rb")
            self._files[path].seek(0, os.SEEK_END)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-tail", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Print what is left and stop."""
        self._stop.set()
        self._thread.join()
        for file in self._files.values():
            file.close()

    def _opened(self, path: Path) -> BinaryIO:
        """The file that is being read. One that was made since the last look may have been full since, too."""
        if path not in self._files:
            self._files[path] = next(name for name in reversed(_names(path)) if name.exists()).open("rb")
        return self._files[path]

    def _run(self) -> None:
        while not self._stop.wait(_POLL_SECONDS):
            self._told = False
            self._print_new()
            if not self._told:
                self._stream.flush()
        self._print_new()
        self._stream.flush()

    def _print_new(self) -> None:
        for path in self._folder.glob("*.log"):
            try:
                file = self._opened(path)
                self._print_lines(path, file)
                while (following := self._following(path, file)) is not None:
                    # Nothing is appended to a file that another has followed.
                    self._print_lines(path, file, to_the_end=True)
                    file.close()
                    file = self._files[path] = following
                    self._print_lines(path, file)
            except FileNotFoundError:
                # It is just being renamed.
                continue

    def _following(self, path: Path, file: BinaryIO) -> BinaryIO | None:
        """The file that was begun after this one; None for the current one."""
        ours = os.fstat(file.fileno())
        newer: BinaryIO | None = None
        for name in _names(path):
            try:
                other = name.open("rb")
            except FileNotFoundError:
                continue
            if os.path.samestat(os.fstat(other.fileno()), ours):
                other.close()
                return newer
            if newer is not None:
                newer.close()
            newer = other
        self._stream.tell(path.stem, "... more was logged than can be shown; the oldest file kept goes on here")
        return newer

    def _print_lines(self, path: Path, file: BinaryIO, *, to_the_end: bool = False) -> None:
        for line in file:
            if not line.endswith(b"\n") and not to_the_end:
                file.seek(-len(line), os.SEEK_CUR)
                break
            if text := line.decode(errors="replace").rstrip():
                self._stream.tell(path.stem, text)
                self._told = True


def _names(path: Path) -> list[Path]:
    """Files of a log, the current one first and the oldest last."""
    return [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, LOGS_KEPT + 1))]
