"""What a run costs in CPU, and what a memoised step costs in time."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import psutil

from tests.benchmarks.running import cpu_seconds, running_stack
from tests.benchmarks.small_imports import STOCK, SmallImports
from tests.integration.stack.running import PROJECT, RunningStack

DESCRIPTION = (
    "CPU seconds per run of a one-row import (5 steps), less what the idle stack takes, on the worker's side (worker, "
    "runs) and on the server's (Prefect server, PostgreSQL), ours and Prefect's process worker; and milliseconds per "
    "step that a second attempt finds done, and per step executed."
)

_IDLE_SECONDS = 20.0


def run(quick: bool) -> dict[str, Any]:
    """Measure 30 runs of ours and 5 of the stock worker, and five times 100 steps; a third of that if quick."""
    with running_stack() as stack:
        ours = _cpu_per_run(stack, 10 if quick else 30)
        steps = [_step_costs(stack) for _ in range(2 if quick else 5)]
    with running_stack(STOCK) as stack:
        stock = _cpu_per_run(stack, 2 if quick else 5)
    return {
        "worker_cpu_seconds_per_run": ours[0],
        "server_cpu_seconds_per_run": ours[1],
        "stock_worker_cpu_seconds_per_run": stock[0],
        "stock_server_cpu_seconds_per_run": stock[1],
        "vs_stock_cpu": sum(ours) / sum(stock),
        "executed_step_ms": statistics.median(executed for executed, _ in steps),
        "memoised_step_ms": statistics.median(memoised for _, memoised in steps),
        "samples": {"steps_ms": steps},
    }


def _cpu_per_run(stack: RunningStack, number: int) -> tuple[float, float]:
    """CPU seconds per run of the worker's side and of the server's."""
    imports = SmallImports(stack)
    imports.one()
    idle = _cpu_while(stack, lambda: time.sleep(_IDLE_SECONDS))
    began = time.monotonic()
    busy = _cpu_while(stack, lambda: [imports.one() for _ in range(number)])
    idle_shares = (time.monotonic() - began) / _IDLE_SECONDS
    return (busy[0] - idle[0] * idle_shares) / number, (busy[1] - idle[1] * idle_shares) / number


def _cpu_while(stack: RunningStack, action: Callable[[], object]) -> tuple[float, float]:
    before = _cpu(stack)
    action()
    after = _cpu(stack)
    return after[0] - before[0], after[1] - before[1]


def _cpu(stack: RunningStack) -> tuple[float, float]:
    return cpu_seconds(_tree(stack.part("worker"))), cpu_seconds(
        [*_tree(stack.part("prefect")), *_tree(stack.part("postgres"))]
    )


def _tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _step_costs(stack: RunningStack) -> tuple[float, float]:
    """Milliseconds per executed and per memoised step, in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.many_steps", "100"],
        cwd=PROJECT,
        env={**os.environ, "PREFECT_API_URL": stack.api_url, "GROUNDWORK_HOME": str(stack.home)},
        capture_output=True,
        text=True,
        check=True,
    )
    executed, memoised = result.stdout.split()[-2:]
    return float(executed), float(memoised)
