"""A home on which `groundwork up` has run before, for tests whose matter is not its first start.

A first start makes a cluster, migrates Prefect's database and deploys everything, which is half of its CPU. That is
done once for all processes of a test session, and copied.
"""

import fcntl
import json
import shutil
from pathlib import Path

from tests.integration.stack.running import RunningStack

_OF_ONE_HOME = ("logs", "up.json", "up.lock", "socket-folder")
"""What says where that home is, or what has happened in it."""
_FIRST_START = "first-start"
"""Folder beside a home with what is known of its first start."""


def copy_prepared_home(session: Path, home: Path) -> Path:
    """A copy of the home that this session has prepared, which is prepared now if it is the first.

    Args:
        session: folder that all processes of the session share.
        home: the copy; made.
    """
    session.mkdir(exist_ok=True)
    with (session / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = session / "prepared"
        if not ready.exists():
            _prepare(session / "preparing")
            (session / "preparing").rename(ready)
    shutil.copytree(ready / "home", home, ignore=shutil.ignore_patterns(*_OF_ONE_HOME))
    shutil.copytree(ready / _FIRST_START, home.with_name(_FIRST_START))
    home.chmod(0o700)
    return home


def terminal_of_first_start(home: Path) -> str:
    """What was printed while the first start of a prepared home went on."""
    return (home.with_name(_FIRST_START) / "terminal").read_text()


def automations_of_first_start(home: Path) -> dict[str, str]:
    """The names of the automations that the first start of a prepared home has made, by their ids."""
    return json.loads((home.with_name(_FIRST_START) / "automations.json").read_text())  # type: ignore[no-any-return]


def _prepare(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    known = folder / _FIRST_START
    known.mkdir(parents=True)
    with RunningStack(folder / "home").running() as stack:
        (known / "terminal").write_text(stack.terminal.read_text())
        automations = {each["id"]: each["name"] for each in stack.ask_prefect("/automations/filter", {})}
        (known / "automations.json").write_text(json.dumps(automations))
