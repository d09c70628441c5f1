"""A terminal, which tells programs that a person is there."""

import os
import pty
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def on_terminal(
    command: list[str], environment: Mapping[str, str], output: Path, folder: Path
) -> subprocess.Popen[bytes]:
    """Start a program whose output is a terminal; what it prints is appended to a file."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, env=dict(environment), cwd=folder, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    output.touch()  # whoever waits for a line of it looks before the thread has begun
    threading.Thread(target=_copy, args=(ours, output), daemon=True).start()
    return process


def _copy(terminal: int, output: Path) -> None:
    with output.open("ab", buffering=0) as file, suppress(OSError):  # EIO: the last program has closed it
        while data := os.read(terminal, 65536):
            file.write(data)
    os.close(terminal)
