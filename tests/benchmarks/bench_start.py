"""How long ``groundwork up`` takes until events are accepted and runs start."""

import os
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.running import cpu_seconds
from tests.integration.stack.running import RunningStack

DESCRIPTION = (
    "Seconds from the command to its last line, and CPU seconds of all its processes until then, medians: on a new "
    "home (cold: makes databases, migrates them, deploys), and on one that ran before (warm). Seconds of each stage."
)


def run(quick: bool) -> dict[str, Any]:
    """Start five times on new homes, and five times on one that ran before; once each if quick."""
    times = 1 if quick else 5
    cold: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(times):
            stack = RunningStack(Path(folder) / f"home-{number}")
            cold.append(_start(stack))
        warm = [_start(stack) for _ in range(times)]
    return {
        **{f"cold {name}": statistics.median(each[name] for each in cold) for name in cold[0]},
        **{f"warm {name}": statistics.median(each[name] for each in warm) for name in warm[0]},
        "load": os.getloadavg()[1],
        "samples": {"cold": cold, "warm": warm},
    }


def _start(stack: RunningStack) -> dict[str, float]:
    printed = stack.terminal.stat().st_size if stack.terminal.exists() else 0
    began = time.monotonic()
    stack.start()
    seconds = time.monotonic() - began
    up = psutil.Process(stack.up_pid)
    cpu = cpu_seconds([up, *up.children(recursive=True)])
    told = stack.terminal.read_bytes()[printed:].decode()
    stack.end()
    stages = {name: float(each) for name, each in re.findall(r"^(.*) \.\.\. (\d+\.\d) s$", told, re.MULTILINE)}
    return {"seconds": seconds, "CPU seconds": cpu, **stages}
