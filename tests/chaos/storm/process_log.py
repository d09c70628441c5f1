"""The log of processes: which one executes which flow run, in a file that no fault touches."""

import json
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State

from tests.chaos.storm.execution_log import append

VARIABLE = "CHAOS_PROCESSES"
"""Environment variable with the log's path."""


def note(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """A hook for Prefect's state Running: this process executes that run."""
    append(Path(os.environ[VARIABLE]), {"flow_run": str(flow_run.id), "pid": os.getpid(), "at": time.time()})


def read(path: Path) -> dict[str, set[int]]:
    """The processes that have executed each flow run."""
    processes: dict[str, set[int]] = defaultdict(set)
    for line in path.read_text().splitlines() if path.exists() else ():
        record = json.loads(line)
        processes[record["flow_run"]].add(record["pid"])
    return processes
