"""The faults of a storm: what each does to which process."""

import contextlib
import signal
import threading
import time
from collections.abc import Sequence

import psutil
from sqlalchemy.exc import DBAPIError

from groundwork.blocks.errors import DatabaseUnavailable
from tests.chaos.storm import evidence, process_log
from tests.chaos.storm.schedule import Fault, Hit
from tests.chaos.storm.stack import LEASE_SECONDS, StormStack
from tests.integration.zygotes import is_zygote

_STOPPED_SECONDS = 2.2 * LEASE_SECONDS
_TARGET_SECONDS = {"run": 3.0, "zombie": 8.0}
"""How long a fault waits for a run to hit; no other waits for a zombie."""
_LASTING = ("zombie", "machine-lost", "upgrade")
"""What goes on while others happen."""


class Faults(threading.Thread):
    """Lets faults happen at their times.

    Args:
        stack: what they happen to.
        faults: the schedule.

    Attributes:
        hits: what has happened so far.
        missed: faults that found nothing to hit.
    """

    def __init__(self, stack: StormStack, faults: Sequence[Fault]) -> None:
        super().__init__(name="faults", daemon=True)
        self.hits: list[Hit] = []
        self.missed: list[Fault] = []
        self.error: BaseException | None = None
        self._stack = stack
        self._faults = faults
        self._never = threading.Event()

    def run(self) -> None:
        """Return when the last fault is over."""
        began = time.monotonic()
        lasting = []
        try:
            for fault in self._faults:
                self._never.wait(max(began + fault.at - time.monotonic(), 0.0))
                if fault.kind in _LASTING or fault.kind.startswith("postgres"):
                    lasting.append(threading.Thread(target=self._happen, args=(fault,), daemon=True))
                    lasting[-1].start()
                else:
                    self._happen(fault)
        finally:
            for each in lasting:
                each.join()

    def _happen(self, fault: Fault) -> None:
        began = time.monotonic()
        try:
            pids = self.happen(fault)
        except (psutil.NoSuchProcess, KeyError, _NothingThere):
            self.missed.append(fault)
        except BaseException as error:
            self.error = error
        else:
            lasted = time.monotonic() - began
            print(f"  {fault.at:6.1f} s  {fault.kind:<17} for {lasted:4.1f} s {pids or ''}", flush=True)

    def happen(self, fault: Fault) -> Sequence[int]:
        """Do it, and return the processes that it hit.

        Raises:
            psutil.NoSuchProcess, KeyError, _NothingThere: there was nothing to hit.
        """
        match fault.kind:
            case "run":
                return self._kill(fault, self._a_run(fault))
            case "zombie":
                return self._stop_for_long(fault, self._a_run(fault))
            case "zygote":
                return self._kill(fault, *self._zygotes())
            case "machine":
                return self._kill(fault, *self._machine())
            case "postgres-stopped":
                return self._stop_postgres(fault, 2.0 * fault.amount)
            case "postgres-killed":
                return self._kill_postgres(fault)
            case "postgres-frozen":
                return self._freeze_postgres(fault, 2.0 * fault.amount)
            case part:
                return self._kill(fault, self._stack.part(part))

    def _hit(self, fault: Fault, pids: Sequence[int] = ()) -> Sequence[int]:
        self.hits.append(Hit(time.time(), fault.kind, pids))
        return pids

    def _kill(self, fault: Fault, *processes: psutil.Process) -> Sequence[int]:
        if not processes:
            raise _NothingThere
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        return self._hit(fault, [process.pid for process in processes])

    def _stop_for_long(self, fault: Fault, process: psutil.Process) -> Sequence[int]:
        """A pause of more than two leases, after which the process goes on as if nothing had happened."""
        process.suspend()
        self._hit(fault, [process.pid])
        self._never.wait(_STOPPED_SECONDS)
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()
        return [process.pid]

    def _a_run(self, fault: Fault) -> psutil.Process:
        """A process that is in the middle of a job."""
        deadline = time.monotonic() + _TARGET_SECONDS[fault.kind]
        while time.monotonic() < deadline:
            killed = {pid for hit in self.hits if hit.is_kill for pid in hit.pids}
            pids = sorted(pid for pid in self._with_delivery() - killed if _can_be_hit(pid))
            if pids:
                return psutil.Process(pids[int(fault.amount * len(pids))])
            self._never.wait(0.05)
        raise _NothingThere

    def _with_delivery(self) -> set[int]:
        """Processes of the runs that hold a delivery; none while the database is away."""
        processes = process_log.read(self._stack.processes_log)
        with contextlib.suppress(DBAPIError):
            holders = evidence.running_flow_runs(self._stack.database)
            return set().union(*(processes.get(flow_run, ()) for flow_run in holders))
        return set()

    def _machine(self) -> list[psutil.Process]:
        """The worker and all of its processes but a zombie, which is to wake when nothing else of it is left."""
        worker = self._stack.part("worker")
        children = worker.children(recursive=True)
        return [worker, *(each for each in children if each.status() != psutil.STATUS_STOPPED)]

    def _zygotes(self) -> list[psutil.Process]:
        return [each for each in self._stack.part("worker").children() if is_zygote(each)]

    def _stop_postgres(self, fault: Fault, seconds: float) -> Sequence[int]:
        """A fast shutdown, which ends every connection, and a pause."""
        server, *_ = self._postgres()
        self._hit(fault)
        server.send_signal(signal.SIGINT)
        return self._start_postgres(seconds)

    def _kill_postgres(self, fault: Fault) -> Sequence[int]:
        """Every process of it at once, so that its start has to recover."""
        processes = self._postgres()
        self._kill(fault, *processes)
        return self._start_postgres(0.0)

    def _freeze_postgres(self, fault: Fault, seconds: float) -> Sequence[int]:
        processes = self._postgres()
        self._hit(fault)
        for how in (signal.SIGSTOP, signal.SIGCONT):
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(how)
            if how == signal.SIGSTOP:
                self._never.wait(seconds)
        return []

    def _postgres(self) -> list[psutil.Process]:
        """The server, and its processes after it."""
        if self._stack.postgres.pid is None:
            raise _NothingThere
        server = psutil.Process(self._stack.postgres.pid)
        return [server, *server.children(recursive=True)]

    def _start_postgres(self, seconds: float) -> Sequence[int]:
        """Start it again, so many seconds after it has ended."""
        postgres = self._stack.postgres
        while postgres.is_running():
            self._never.wait(0.02)
        self._never.wait(seconds)
        for _ in range(20):
            # Processes of the server before keep the next one out until the last of them has noticed.
            with contextlib.suppress(DatabaseUnavailable):
                postgres.start(self._stack.postgres_log)
                return []
            self._never.wait(0.2)
        raise DatabaseUnavailable("PostgreSQL did not start again")


class _NothingThere(Exception):
    """The fault found nothing to hit."""


def _can_be_hit(pid: int) -> bool:
    """Whether a run's process, which is a copy of its zygote, is there and awake; its id may be another's by now."""
    try:
        process = psutil.Process(pid)
        return is_zygote(process) and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_STOPPED)
    except psutil.Error:
        return False
