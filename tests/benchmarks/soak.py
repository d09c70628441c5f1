"""``make soak RUNS=5000``: many runs of the smallest job on one stack, and whether anything grows.

Prints a line per sample, writes ``build/soak.json``, and exits with 1 unless the verdict is clean.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import NewEvent, accept
from tests.benchmarks.applications import one_step, settings_of
from tests.benchmarks.one_step import StepWanted
from tests.benchmarks.running import running_stack
from tests.integration.stack.running import RunningStack
from tests.integration.zygotes import is_zygote
from tests.waiting import wait_until

_OUTPUT = Path("build/soak.json")
_BURST = 50
_WORKSPACES = 10
_SAMPLE_EVERY = 250
_GROWTH_SHARE, _GROWTH_MB = 1.05, 5.0
"""Memory is flat below the one or the other: an interpreter's heap wanders by a few MB."""


@dataclass(frozen=True)
class Process:
    """What one process has, between two bursts. Memory in MB; ``uss_mb`` is what only this process has."""

    pid: int
    rss_mb: float
    pss_mb: float
    uss_mb: float
    descriptors: int
    threads: int
    children: int

    @classmethod
    def of(cls, process: psutil.Process) -> "Process":
        memory = process.memory_full_info()
        return cls(
            pid=process.pid,
            rss_mb=_mb(memory.rss),
            pss_mb=_mb(memory.pss),
            uss_mb=_mb(memory.uss),
            descriptors=process.num_fds(),
            threads=process.num_threads(),
            children=len(process.children()),
        )


@dataclass(frozen=True)
class Sample:
    """The stack after a number of runs, when none is under way. ``rss_mb``: of the other parts, for information."""

    runs: int
    seconds: float
    worker: Process
    zygote: Process
    zombies: int
    rss_mb: dict[str, float]

    def __str__(self) -> str:
        watched = (("worker", self.worker), ("zygote", self.zygote))
        each = "  ".join(
            f"{name} {it.uss_mb:.1f} MB uss, {it.rss_mb:.1f} rss, {it.descriptors} fds, {it.threads} threads,"
            f" {it.children} children;"
            for name, it in watched
        )
        others = ", ".join(f"{name} {size:.0f}" for name, size in self.rss_mb.items())
        return f"{self.runs:>6} runs {self.seconds:>6.0f} s  {each}  {self.zombies} zombies  rss MB: {others}"


def main() -> int:
    """Run the soak; 0 if nothing grew, nothing was left, and every delivery was done by one attempt."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--runs", type=int, default=5000)
    runs = parser.parse_args().runs
    with running_stack(settings_of(one_step)) as stack:
        samples = _soak(stack, runs)
        deliveries = _deliveries()
    verdict = {
        "memory": {name: _memory(samples, name) for name in ("worker", "zygote")},
        "descriptors": {name: _descriptors(samples, name) for name in ("worker", "zygote")},
        "same_processes": len({(each.worker.pid, each.zygote.pid) for each in samples}) == 1,
        "zombies": max(each.zombies for each in samples),
        "deliveries": deliveries | {"clean": deliveries == {"sent": runs, "done": runs, "by_one_attempt": runs}},
    }
    clean = (
        verdict["same_processes"]
        and not verdict["zombies"]
        and verdict["deliveries"]["clean"]
        and all(each["clean"] for part in ("memory", "descriptors") for each in verdict[part].values())
    )
    results = {"runs": runs, "clean": clean, "verdict": verdict, "samples": [asdict(each) for each in samples]}
    _OUTPUT.parent.mkdir(exist_ok=True)
    _OUTPUT.write_text(json.dumps(results, indent=2) + "\n")
    print(f"\n{json.dumps(verdict, indent=2)}")
    print(f"RESULT: {'clean' if clean else 'NOT CLEAN'} after {runs} runs; {_OUTPUT}")
    return 0 if clean else 1


def _soak(stack: RunningStack, runs: int) -> list[Sample]:
    began = time.monotonic()
    samples: list[Sample] = []
    every = min(_SAMPLE_EVERY, max(runs // 8, 1))
    sent = 0
    while sent < runs:
        number = min(_BURST, every - sent % every, runs - sent)
        _burst(range(sent, sent + number))
        sent += number
        if sent % every == 0 or sent == runs:
            samples.append(_sample(stack, sent, time.monotonic() - began))
            print(samples[-1], flush=True)
    return samples


def _burst(numbers: Sequence[int]) -> None:
    """Send at once, the workspaces in turn, and wait for the last to end."""
    wanted = [StepWanted(workspace_id=WorkspaceId(f"workspace-{each % _WORKSPACES}"), number=each) for each in numbers]
    with database().transaction() as connection:
        accept(connection, [NewEvent.of(event, source="soak") for event in wanted])
    wait_until(lambda: _scalar("SELECT count(*) FROM groundwork.delivery WHERE settled_at IS NULL") == 0, 300)


def _sample(stack: RunningStack, runs: int, seconds: float) -> Sample:
    worker = stack.part("worker")
    [zygote] = filter(is_zygote, worker.children())
    # Beside runs it has a spare process and the lease keeper.
    wait_until(lambda: len(zygote.children()) <= 2, 30, "the processes of the last runs to end")
    others = {
        name: sum(_mb(each.memory_info().rss) for each in (part, *part.children(recursive=True)))
        for name, part in ((name, stack.part(name)) for name in ("relay", "gateway", "prefect"))
    }
    return Sample(runs, round(seconds, 1), Process.of(worker), Process.of(zygote), _zombies(stack), others)


def _zombies(stack: RunningStack) -> int:
    """Processes that have ended and that nobody waits for, apart from those that are reaped in a moment."""

    def dead() -> set[psutil.Process]:
        return {each for each in stack.processes() if _status(each) == psutil.STATUS_ZOMBIE}

    first = dead()
    if first:
        time.sleep(1.0)
    return len(first & dead())


def _status(process: psutil.Process) -> str | None:
    try:
        return process.status()
    except psutil.NoSuchProcess:
        return None


def _memory(samples: Sequence[Sample], name: str) -> dict[str, Any]:
    second, last = _quarters([getattr(each, name).uss_mb for each in samples])
    early, late = statistics.median(second), statistics.median(last)
    clean = late < early * _GROWTH_SHARE or late < early + _GROWTH_MB
    return {"second_quarter_uss_mb": early, "last_quarter_uss_mb": late, "clean": clean}


def _descriptors(samples: Sequence[Sample], name: str) -> dict[str, Any]:
    """A connection that is being closed counts until it is, so the last median is held against the highest before."""
    second, last = _quarters([getattr(each, name).descriptors for each in samples])
    early, late = max(second), statistics.median(last)
    return {"second_quarter_highest": early, "last_quarter": late, "clean": late <= early}


def _quarters(series: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    """The second and the last quarter."""
    number = len(series)
    return series[number // 4 : max(number // 2, number // 4 + 1)], series[number * 3 // 4 :]


def _deliveries() -> dict[str, int]:
    with database().transaction() as connection:
        row = connection.execute(
            text(
                "SELECT count(*) AS sent, count(*) FILTER (WHERE state = 'done') AS done,"
                " count(*) FILTER (WHERE attempt = 1 AND dispatches = 1) AS by_one_attempt FROM groundwork.delivery"
            )
        ).one()
    return dict(row._mapping)


def _scalar(sql: str) -> Any:
    with database().transaction() as connection:
        return connection.execute(text(sql)).scalar()


def _mb(size: int) -> float:
    return round(size / 2**20, 1)


if __name__ == "__main__":
    sys.exit(main())
