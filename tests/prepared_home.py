"""A home on which `groundwork up` has run before, for tests whose matter is not its first start.

A first start makes a cluster, migrates Prefect's database and deploys everything, which is half of its CPU. That is
done once for all processes of a test session, and copied.
"""

import fcntl
import shutil
from pathlib import Path

from tests.integration.stack.running import RunningStack

_OF_ONE_HOME = ("logs", "up.json", "up.lock", "socket-folder")
"""What says where that home is, or what has happened in it."""


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
    home.chmod(0o700)
    return home


def _prepare(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with RunningStack(folder / "home").running():
        pass
