"""The log of executions: one line when a run's body begins and one when it ends, in a file that no fault touches."""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from groundwork.events.inbox import Attempt

VARIABLE = "CHAOS_EXECUTIONS"
"""Environment variable with the log's path."""


@dataclass
class Execution:
    """One attempt's run of a body.

    Attributes:
        delivery: id of the delivery, or of the first of its batch.
        began: seconds since 1970.
        ended: the same; None where the process did not live to say so.
    """

    job: str
    workspace: str
    numbers: Sequence[int]
    delivery: str
    attempt: int
    pid: int
    began: float
    ended: float | None = None


@contextmanager
def executing(attempt: Attempt, workspace: str, numbers: Sequence[int]) -> Iterator[None]:
    """Record the block."""
    execution = {
        "job": attempt.job,
        "workspace": workspace,
        "numbers": list(numbers),
        "delivery": str(attempt.delivery_id),
        "attempt": attempt.token,
        "pid": os.getpid(),
    }
    log = Path(os.environ[VARIABLE])
    append(log, execution | {"began": time.time()})
    try:
        yield
    finally:
        append(log, execution | {"ended": time.time()})


def read(path: Path) -> list[Execution]:
    """Every execution so far, in the order in which they began."""
    executions: dict[tuple[str, int, int], Execution] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        record = json.loads(line)
        key = (record["delivery"], record["attempt"], record["pid"])
        if "began" in record:
            executions[key] = Execution(**record)
        else:
            executions[key].ended = record["ended"]
    return sorted(executions.values(), key=lambda each: each.began)


def append(path: Path, record: Mapping[str, object]) -> None:
    """Write one line of JSON by one write of O_APPEND: lines of many processes do not mix, and a kill tears none."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, json.dumps(record).encode() + b"\n")
    finally:
        os.close(descriptor)
