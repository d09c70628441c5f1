"""The zygote: a process that has imported everything, has done nothing yet, and forks one process per flow run.

``python -m groundwork.deployments.worker.zygote FD [standby]``; FD is the worker's end of a socket pair. It ends when
it is told to drain or the worker is gone, once its last run has ended: neither a restart nor a crash of the worker
drops a run. One that stands by has imported the libraries alone, and imports the jobs, as they are then, when a byte
tells it to.
"""

import contextlib
import os
import selectors
import signal
import socket
import sys
import threading

from groundwork.blocks.collector import left_alone
from groundwork.deployments.changed_code import begin_anew, has_changed_code
from groundwork.deployments.worker.child import run_in_child, without_heartbeat
from groundwork.deployments.worker.preload import preload, preload_libraries
from groundwork.deployments.worker.protocol import STANDBY, Ended, Message, Started, StartRun
from groundwork.deployments.worker.warm_up import warm_up
from groundwork.events.inbox.keeper_process import ensure_keeper
from groundwork.flows.light_host import STOP_PULLING


class Zygote:
    """Forks on request and reports how each process ends. One thread, no event loop.

    Args:
        control: connected to the worker.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._pending = b""
        self._children: set[int] = set()
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
                for key, _ in selector.select():
                    key.data()
                if not self._open and self._control in selector.get_map():
                    selector.unregister(self._control)
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
                self._fork(message.start)

    def _fork(self, request: StartRun) -> None:
        # Its run inherits the socket.
        ensure_keeper()
        pid = os.fork()
        if pid == 0:
            self._become_child()
            run_in_child(request)
        self._children.add(pid)
        self._send(Message(started=Started(flow_run_id=request.flow_run_id, pid=pid)))

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
        os.close(self._woken)
        os.close(self._wake)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 4096)
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
