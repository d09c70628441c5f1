"""Flows that the worker's tests deploy: each says what its process is like."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from prefect import flow


def _tell(folder: str, **what: object) -> None:
    path = Path(folder) / "told.json"
    path.with_suffix(".new").write_text(json.dumps(what))
    path.with_suffix(".new").rename(path)


@flow
def describe(folder: str) -> None:
    _tell(
        folder,
        pid=os.getpid(),
        parent=os.getppid(),
        directory=os.getcwd(),
        colour=os.environ.get("COLOUR"),
        log_level=os.environ.get("PREFECT_LOGGING_LEVEL"),
        warm="pyarrow" in sys.modules,
    )


@flow
def remember(folder: str) -> None:
    """Module state must not outlive a run."""
    seen = vars(sys).setdefault("_seen_by_test", [])
    seen.append(1)
    _tell(folder, seen=len(seen))


@flow
def hang(folder: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    _tell(folder, pid=os.getpid())
    time.sleep(600)


@flow
def hang_on(folder: str) -> None:
    """Takes no SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _tell(folder, pid=os.getpid())
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        time.sleep(1)


@flow
def die(folder: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@flow
def hoard(folder: str) -> None:
    bytearray(2 * 1024**3)


@flow
def wait_for_file(folder: str) -> None:
    _tell(folder, pid=os.getpid())
    while not (Path(folder) / "go").exists():
        time.sleep(0.05)
