"""The lease keeper as the processes see it that run jobs: started once, inherited by what they fork."""

import json
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path

from groundwork.blocks.database import database
from groundwork.events.inbox import lease_keeper
from groundwork.events.inbox.host_renewal import HostHold
from groundwork.events.inbox.renewal import Hold

logger = logging.getLogger(__name__)

_PROGRAM = Path(lease_keeper.__file__)
_ANSWER_SECONDS = 1.0
"""How long a run waits for a keeper that takes no more introductions, as one that hangs does after hundreds of them.
Too long: claims wait for it."""
_keeper: "_KeeperProcess | None" = None


class _KeeperProcess:
    """A lease keeper. It ends when nobody has the other end of its socket any more: this process, and its forks."""

    def __init__(self) -> None:
        self._door, inside = socket.socketpair()
        self._door.settimeout(_ANSWER_SECONDS)
        with inside:
            self._process = subprocess.Popen(
                # -P: the folder of the program is no place to import from.
                [sys.executable, "-P", str(_PROGRAM), str(inside.fileno())],
                pass_fds=[inside.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    @property
    def alive(self) -> bool:
        """Whether it runs. Only the process that has started it knows."""
        return self._process.poll() is None

    def introduce(self, hold: Hold | HostHold) -> socket.socket:
        """Have it keep the lease of an attempt of this process, until the line is shut down.

        Returns:
            The line, by which it tells how the lease fares.

        Raises:
            OSError: it is gone, or hangs.
        """
        told: lease_keeper.Introduction = {
            "pid": os.getpid(),
            "conninfo": database().conninfo,
            "delivery_id": str(hold.delivery_id) if isinstance(hold, Hold) else None,
            "attempt": hold.attempt if isinstance(hold, Hold) else 0,
            "host": str(hold.flow_run_id) if isinstance(hold, HostHold) else None,
            "lease_seconds": hold.lease_seconds,
        }
        line, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._door, [b"."], [theirs.fileno()])
        line.sendall(json.dumps(told).encode() + b"\n")
        return line


def ensure_keeper() -> bool:
    """Have a lease keeper that runs, for this process and for what it forks.

    Returns:
        Whether it is a new one, of which those that were forked before know nothing.
    """
    global _keeper
    if _keeper is not None and _keeper.alive:
        return False
    _keeper = _started()
    return True


def line_to_keeper(hold: Hold | HostHold) -> socket.socket | None:
    """Have the lease of an attempt, or those of a host, kept by the lease keeper, an inherited one or else
    one of this process.

    Returns:
        The line to it; None where there can be none, as on Windows.
    """
    global _keeper
    for _ in range(2):
        if _keeper is None:
            _keeper = _started()
        if _keeper is None:
            return None
        try:
            return _keeper.introduce(hold)
        except OSError as error:
            logger.debug("the lease keeper is gone: %s", error)
            _keeper = None
    return None


def _started() -> _KeeperProcess | None:
    if not hasattr(socket, "send_fds"):
        return None
    try:
        return _KeeperProcess()
    except OSError as error:
        logger.warning(
            "No lease keeper could be started, and a step that holds the interpreter may lose its run: %s", error
        )
        return None
