"""The logs of all parts in one terminal."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_POLL_SECONDS = 0.2


class LogTail:
    """Prints what is appended to the log files of a folder, each line behind the name of its part.

    Args:
        folder: with ``NAME.log`` files; those made later are found too. What they held before is not printed.
        write: takes each line.
    """

    def __init__(self, folder: Path, write: Callable[[str], None]) -> None:
        self._write = write
        self._folder = folder
        self._files: dict[Path, BinaryIO] = {}
        for path in folder.glob("*.log"):
            self._open(path).seek(0, 2)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-tail", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Print what is left and stop."""
        self._stop.set()
        self._thread.join()
        for file in self._files.values():
            file.close()

    def _open(self, path: Path) -> BinaryIO:
        self._files[path] = path.open("rb")
        return self._files[path]

    def _run(self) -> None:
        while not self._stop.wait(_POLL_SECONDS):
            self._print_new()
        self._print_new()

    def _print_new(self) -> None:
        for path in self._folder.glob("*.log"):
            file = self._files.get(path) or self._open(path)
            for line in file:
                if not line.endswith(b"\n"):
                    file.seek(-len(line), os.SEEK_CUR)
                    break
                if text := line.decode(errors="replace").rstrip():
                    self._write(f"{path.stem:<9}| {text}")
