"""The zygote: a process that has imported everything, has done nothing yet, and forks one process per flow run, and one
that waits for the next.

``python -m groundwork.deployments.worker.zygote FD [standby]``; FD is the worker's end of a socket pair. It ends when
it is told to drain or the worker is gone, once its last run has ended: neither a restart nor a crash of the worker
drops a run. One that stands by has imported the libraries alone, and imports the jobs, as they are then, when a byte
tells it to.
"""

import contextlib
import logging
import os
import selectors
import signal
import socket
import sys
import threading
import time

from groundwork.blocks.collector import left_alone
from groundwork.deployments.changed_code import begin_anew, has_changed_code
from groundwork.deployments.worker.child import run_in_child, without_heartbeat
from groundwork.deployments.worker.preload import preload, preload_libraries
from groundwork.deployments.worker.protocol import STANDBY, Ended, Message, Started, StartRun
from groundwork.deployments.worker.spare import NEXT_SPARE_SECONDS, SPARE_SECONDS, Spare
from groundwork.deployments.worker.warm_up import warm_up
from groundwork.events.inbox.keeper_process import ensure_keeper
from groundwork.flows.light_host import STOP_PULLING

logger = logging.getLogger(__name__)


class Zygote:
    """Forks on request and reports how each process ends. One thread, no event loop.

    Args:
        control: connected to the worker.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._pending = b""
        self._children: set[int] = set()
        self._spare: Spare | None = None
        self._spare_due_at = 0.0
        self._open = True
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)

    def serve(self) -> None:
        """Serve until drained."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # Only a host heeds it. Ignored before the fork: it would end a run that has just been forked.
        signal.signal(STOP_PULLING, signal.SIG_IGN)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        self._send(Message(ready=True))
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ, self._reap)
            selector.register(self._control, selectors.EVENT_READ, self._receive)
            while self._open or self._children:
                self._have_spare()
                for key, _ in selector.select(self._pause):
                    key.data()
                if not self._open and self._control in selector.get_map():
                    selector.unregister(self._control)
                    # Nothing is to start any more: newer code does, or another worker.
                    self._end_spare()
                    self._let_hosts_end()

    def _receive(self) -> None:
        data = self._control.recv(1 << 20)
        if not data:
            self._open = False
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            message = Message.model_validate_json(line)
            if message.drain:
                self._open = False
            if message.start:
                self._start(message.start, line)

    def _start(self, request: StartRun, line: bytes) -> None:
        # Its run inherits the socket.
        if ensure_keeper():
            self._end_spare()
        pid = self._taken_by_spare(line) or self._fork(request)
        self._spare_due_at = time.monotonic() + SPARE_SECONDS
        self._children.add(pid)
        self._send(Message(started=Started(flow_run_id=request.flow_run_id, pid=pid)))

    def _fork(self, request: StartRun) -> int:
        pid = os.fork()
        if pid == 0:
            self._become_child()
            run_in_child(request)
        return pid

    def _taken_by_spare(self, line: bytes) -> int | None:
        """The process id of the spare process that has taken a run on; None where there is none, or none that can."""
        if self._spare is None:
            return None
        if self._spare.take(line):
            pid, self._spare = self._spare.pid, None
            return pid
        self._end_spare()
        return None

    @property
    def _pause(self) -> float | None:
        """Seconds until a spare process is to be forked."""
        if self._spare is not None or not self._open:
            return None
        return max(self._spare_due_at - time.monotonic(), 0.0)

    def _have_spare(self) -> None:
        """Fork a spare process, when it is time."""
        if self._pause != 0.0:
            return
        try:
            ensure_keeper()
            self._spare = Spare.fork(self._become_child, run_in_child)
        except OSError as error:
            # There is room for no process, or no descriptor, just now. Runs are more in need of them.
            logger.warning("no process stands by for the next run: %s", error)
            self._spare_due_at = time.monotonic() + NEXT_SPARE_SECONDS

    def _end_spare(self) -> None:
        """Let no run have it."""
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.kill()

    def _let_hosts_end(self) -> None:
        """Tell the runs that begin light deliveries to begin no more: newer code does, or another worker."""
        for pid in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, STOP_PULLING)

    def _become_child(self) -> None:
        signal.set_wakeup_fd(-1)
        for each in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._control.close()
        if self._spare is not None:
            self._spare.forget()
        os.close(self._woken)
        os.close(self._wake)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 4096)
        if self._spare is not None and os.waitpid(self._spare.pid, os.WNOHANG) != (0, 0):
            # Somebody has killed it, or it could not become one.
            self._spare.forget()
            self._spare, self._spare_due_at = None, time.monotonic() + NEXT_SPARE_SECONDS
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._children.discard(pid)
                self._send(Message(ended=Ended(pid=pid, exit_code=os.waitstatus_to_exitcode(status))))

    def _send(self, message: Message) -> None:
        """Tell the worker, if it is still there."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._control.sendall(message.line())


def unclean() -> list[str]:
    """What this process has that must not exist before a fork: threads, sockets, event loops; empty if it is clean."""
    found = [f"thread {thread.name}" for thread in threading.enumerate() if thread is not threading.main_thread()]
    tasks = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1
    if tasks > 1:
        found.append(f"{tasks} native threads")
    for descriptor in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []:
        with contextlib.suppress(OSError):
            target = os.readlink(f"/proc/self/fd/{descriptor}")
            if target.startswith("socket:") or target == "anon_inode:[eventpoll]":
                found.append(f"descriptor {descriptor}: {target}")
    return found


def main() -> None:
    """Import everything, then serve."""
    # The worker decides when runs end; a Ctrl-C in its terminal, or a SIGTERM to its group, is not for the zygote.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    with left_alone():
        if STANDBY in sys.argv:
            preload_libraries()
            if not control.recv(1):
                return
            if has_changed_code():
                begin_anew("groundwork.deployments.worker.zygote", sys.argv[1])
        preload()
        warm_up()
    with without_heartbeat():
        Zygote(control).serve()


if __name__ == "__main__":
    main()
