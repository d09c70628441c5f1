"""A running Groundwork for benchmarks, and what they ask of it."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from groundwork.blocks.database import database
from groundwork.blocks.process_cache import forget
from groundwork.events.inbox import DeliveryStatus
from tests.integration.stack.running import RunningStack


@contextmanager
def running_stack(variables: Mapping[str, str] | None = None) -> Iterator[RunningStack]:
    """A real ``groundwork up`` on a temporary home, which is this process's home too while the block lasts.

    Args:
        variables: environment variables for all of its parts.
    """
    with tempfile.TemporaryDirectory() as folder:
        stack = RunningStack(Path(folder) / "home", variables)
        with home_of_this_process(stack.home):
            stack.start()
            try:
                yield stack
            finally:
                database().engine.dispose()
                stack.end()


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
