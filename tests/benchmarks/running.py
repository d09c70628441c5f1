"""A running Groundwork for benchmarks, and what they ask of it."""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psutil

from groundwork.blocks.database import database
from groundwork.blocks.process_cache import forget
from groundwork.events.inbox import DeliveryStatus
from tests.integration.stack.application import Application
from tests.integration.stack.running import RunningStack
from tests.waiting import wait_until


@contextmanager
def running_stack(variables: Mapping[str, str] | None = None) -> Iterator[RunningStack]:
    """A real ``groundwork up`` on a temporary home, which is this process's home too while the block lasts.

    Args:
        variables: environment variables for all of its parts.
    """
    with tempfile.TemporaryDirectory() as folder:
        stack = RunningStack(Path(folder) / "home", variables)
        with home_of_this_process(stack.home), stack.running():
            try:
                yield stack
            finally:
                database().engine.dispose()


@contextmanager
def home_of_this_process(home: Path) -> Iterator[None]:
    """Have this process configured for a home while the block lasts."""
    before = os.environ.get("GROUNDWORK_HOME")
    os.environ["GROUNDWORK_HOME"] = str(home)
    forget()
    try:
        yield
    finally:
        if before is None:
            del os.environ["GROUNDWORK_HOME"]
        else:
            os.environ["GROUNDWORK_HOME"] = before
        forget()


def seconds(delivery: DeliveryStatus, begin: str, end: str) -> float:
    """Between two stages of a delivery's trace, such as ``claimedAt`` and ``settledAt``."""
    return (delivery.trace[end] - delivery.trace[begin]).total_seconds()


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """CPU time of processes and of the children that they have waited for."""
    times = [process.cpu_times() for process in processes if process.is_running()]
    return sum(each.user + each.system + each.children_user + each.children_system for each in times)


def peak_memory(application: Application, event_id: UUID) -> float:
    """Peak resident memory of the process of an event's run, in MB: as the kernel counts, pages shared with the zygote
    too. Returns when the run has ended."""
    run_id = wait_until(lambda: application.delivery(event_id).flow_run_id, 60)
    pid = wait_until(lambda: application.stack.ask_prefect(f"/flow_runs/{run_id}", method="GET")["infrastructure_pid"])
    process = int(str(pid).rpartition(":")[2])
    peak = 0.0
    # The kernel keeps the mark. The process is watched, and not the delivery: to ask for that takes CPU from the run.
    while mark := _high_water_mark(process):
        peak = mark
        time.sleep(0.05)
    assert application.ended(event_id).state == "done"
    return peak


def _high_water_mark(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0.0
    marks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(marks[0]) / 1024 if marks else 0.0
