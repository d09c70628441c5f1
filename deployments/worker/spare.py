"""A spare process: forked already, connected to the database, and waiting for its run.

It hears of no run but the one that it takes. It ends with its zygote, and may be killed at any time: a run that finds
it dead, or without an answer, has a process forked for it as if there were none.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from groundwork.blocks.database import database
from groundwork.blocks.errors import GroundworkError
from groundwork.deployments.worker.protocol import Message, StartRun

SPARE_SECONDS = 0.3
"""How long nothing has started when the next one is forked. Too short: in a burst, it takes the cores from the runs
that start. Too long: of runs that come after each other, fewer find one."""
ANSWER_SECONDS = 1.0
"""How long one may take to take its run on. Too short: on a busy machine a good one is killed. Too long: a run waits
for one that is stopped."""
NEXT_SPARE_SECONDS = 5.0
"""Pause after one that has ended without a run. Too short: where none can live, they cost a core."""
CONNECT_SECONDS = 3
"""How long the database may take to answer; one that waits longer ends. Too short: on a busy machine there is none."""
_TAKEN, _BEGIN = b"+", b"!"


class Spare:
    """A spare process, as its zygote sees it. Made by :meth:`fork`.

    Attributes:
        pid: its process id.
    """

    def __init__(self, pid: int, line: socket.socket) -> None:
        self.pid = pid
        self._line = line
        line.settimeout(ANSWER_SECONDS)

    @classmethod
    def fork(cls, become_child: Callable[[], None], run: Callable[[StartRun], None]) -> "Spare":
        """Fork one.

        Args:
            become_child: lets go of what is the zygote's.
            run: runs its run, and does not return.
        """
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                ours.close()
                become_child()
                if request := _wait_for_run(theirs):
                    run(request)
            except Exception:
                sys.excepthook(*sys.exc_info())
            finally:
                # Nothing of the zygote's is to go on here, whatever has happened.
                os._exit(0)
        theirs.close()
        return cls(pid, ours)

    def take(self, line: bytes) -> bool:
        """Give it a run; whether it has taken it on. If not, it is to be killed.

        Args:
            line: what the worker has said of the run.
        """
        try:
            self._line.sendall(line + b"\n")
            if self._line.recv(1) != _TAKEN:
                return False
            self._line.sendall(_BEGIN)
            return True
        except OSError:
            return False
        finally:
            self.forget()

    def forget(self) -> None:
        """Close the line to it. One that has no run ends then."""
        self._line.close()

    def kill(self) -> None:
        """End it, and wait for that."""
        self.forget()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _wait_for_run(line: socket.socket) -> StartRun | None:
    """Connect, and wait; None where the zygote is gone, or needs none any more."""
    _connect()
    told = b""
    while not told.endswith(b"\n"):
        more = line.recv(1 << 20)
        if not more:
            return None
        told += more
    request = Message.model_validate_json(told).start
    # One that answers too late is not told to begin: another process has its run.
    with suppress(BrokenPipeError):
        line.sendall(_TAKEN)
    begin = line.recv(1)
    line.close()
    return request if begin == _BEGIN else None


def _connect() -> None:
    """Have a connection in the pool, which looks whether it is still good when a run takes it. Where the database is
    away, the run connects."""
    # One that does not answer would keep it from hearing that its zygote is gone.
    signal.alarm(CONNECT_SECONDS)
    try:
        with database().engine.connect():
            pass
    except (SQLAlchemyError, GroundworkError):
        return
    finally:
        signal.alarm(0)
