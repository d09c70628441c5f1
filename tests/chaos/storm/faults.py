"""The faults of a storm: a seeded schedule, and what each does to which process."""

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from blocks.errors import DatabaseUnavailable
from tests.chaos.storm import execution_log
from tests.chaos.storm.stack import LEASE_SECONDS, StormStack

_ALWAYS = ("run", "run", "run", "zombie", "relay", "gateway", "zygote", "machine")
_IN_LONG_STORMS = ("run", "zombie", "worker", "prefect")
"""What takes Prefect many seconds to get over."""
_LONG_SECONDS = 120.0
_STOPPED_SECONDS = 2.2 * LEASE_SECONDS
_TARGET_SECONDS = 3.0
"""How long a fault waits for something to hit."""


@dataclass(frozen=True)
class Fault:
    """``at`` counts seconds from the begin; ``amount`` is between 0 and 1."""

    at: float
    kind: str
    amount: float


@dataclass(frozen=True)
class Hit:
    """A fault as it happened. ``at`` counts seconds since 1970; ``pids`` are the processes that were killed."""

    at: float
    kind: str
    pids: Sequence[int]


def schedule(rng: random.Random, seconds: float) -> list[Fault]:
    """Faults for a storm of this length: every kind in turn, shuffled, and PostgreSQL on a clock of its own."""
    is_long = seconds >= _LONG_SECONDS
    kinds = (*_ALWAYS, *_IN_LONG_STORMS) if is_long else _ALWAYS
    faults: list[Fault] = []
    at, deck = 0.0, list[str]()
    while (at := at + (rng.uniform(6, 18) if is_long else rng.uniform(1.5, 3.5))) < seconds:
        deck = deck or rng.sample(kinds, len(kinds))
        faults.append(Fault(at, deck.pop(), rng.random()))
    at = 0.0
    while (at := at + (rng.uniform(5, 40) if is_long else rng.uniform(5, 12))) < seconds:
        kinds = ("postgres-stopped", "postgres-frozen", *(("postgres-killed",) if is_long else ()))
        faults.append(Fault(at, rng.choice(kinds), rng.random()))
    return sorted(faults, key=lambda fault: fault.at)


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
                if fault.kind == "zombie" or fault.kind.startswith("postgres"):
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
            match fault.kind:
                case "run":
                    pids = self._kill(self._a_run(fault))
                case "zombie":
                    pids = self._stop_for_long(self._a_run(fault))
                case "zygote":
                    pids = self._kill(*self._zygotes())
                case "machine":
                    worker = self._stack.part("worker")
                    pids = self._kill(worker, *worker.children(recursive=True))
                case "postgres-stopped":
                    pids = self._restart_postgres(signal.SIGINT, 2.0 * fault.amount)
                case "postgres-killed":
                    pids = self._restart_postgres(signal.SIGQUIT, 0.0)
                case "postgres-frozen":
                    pids = self._freeze_postgres(2.0 * fault.amount)
                case part:
                    pids = self._kill(self._stack.part(part))
        except (psutil.NoSuchProcess, KeyError, _NothingThere):
            self.missed.append(fault)
        except BaseException as error:
            self.error = error
        else:
            lasted = time.monotonic() - began
            print(f"  {fault.at:6.1f} s  {fault.kind:<17} for {lasted:4.1f} s {pids or ''}", flush=True)

    def _hit(self, kind: str, pids: Sequence[int]) -> Sequence[int]:
        self.hits.append(Hit(time.time(), kind, pids))
        return pids

    def _kill(self, *processes: psutil.Process) -> Sequence[int]:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        return self._hit("killed", [process.pid for process in processes])

    def _stop_for_long(self, process: psutil.Process) -> Sequence[int]:
        """A pause of more than two leases, after which the process goes on as if nothing had happened."""
        process.suspend()
        self._hit("stopped", [process.pid])
        self._never.wait(_STOPPED_SECONDS)
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()
        return [process.pid]

    def _a_run(self, fault: Fault) -> psutil.Process:
        """A process that is in the middle of a job."""
        deadline = time.monotonic() + _TARGET_SECONDS
        while time.monotonic() < deadline:
            open_ones = [each for each in execution_log.read(self._stack.executions) if each.ended is None]
            pids = sorted({each.pid for each in open_ones if _can_be_hit(each.pid)})
            if pids:
                return psutil.Process(pids[int(fault.amount * len(pids))])
            self._never.wait(0.1)
        raise _NothingThere

    def _zygotes(self) -> list[psutil.Process]:
        children = self._stack.part("worker").children()
        return [each for each in children if "deployments.worker.zygote" in each.cmdline()]

    def _restart_postgres(self, how: signal.Signals, seconds: float) -> Sequence[int]:
        """SIGINT ends every connection and stops in order; SIGQUIT stops at once, and the next start has to recover."""
        postgres = self._stack.postgres
        pid = postgres.pid
        if pid is None:
            raise _NothingThere
        self._hit("database", [])
        os.kill(pid, how)
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

    def _freeze_postgres(self, seconds: float) -> Sequence[int]:
        if self._stack.postgres.pid is None:
            raise _NothingThere
        server = psutil.Process(self._stack.postgres.pid)
        processes = [server, *server.children(recursive=True)]
        self._hit("database", [])
        for how in (signal.SIGSTOP, signal.SIGCONT):
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(how)
            if how == signal.SIGSTOP:
                self._never.wait(seconds)
        return []


class _NothingThere(Exception):
    """The fault found nothing to hit."""


def _can_be_hit(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False
