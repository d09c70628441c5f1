"""From an accepted event to the first step of its job, on an idle machine."""

import statistics
import time
from typing import Any

from groundwork.events.inbox import EventStatus
from tests.benchmarks.running import running_stack
from tests.benchmarks.small_imports import STOCK, STOCK_DEFAULT, SmallImports

DESCRIPTION = (
    "seconds from 202 to the first step, one event at a time on an idle machine: our worker, and Prefect's process "
    "worker polling every 0.5 s and every 10 s (its default), everything else the same."
)
_STAGES = (
    "admittedAt", "postedAt", "runCreatedAt", "pickedUpAt", "processStartedAt", "claimedAt", "firstStepAt",
    "settledAt",
)  # fmt: skip
_PAUSE_SECONDS = 1.3
"""Between two samples: longer than the polls, and no multiple of them."""


def run(quick: bool) -> dict[str, Any]:
    """Measure 30 samples of ours and 5 of each stock worker; a third of that if quick."""
    ours, stages = _samples({}, 10 if quick else 30)
    half, _ = _samples(STOCK, 2 if quick else 5)
    default, _ = _samples(STOCK_DEFAULT, 2 if quick else 5)
    p50 = statistics.median(ours)
    return {
        "p50_seconds": p50,
        "p99_seconds": statistics.quantiles(ours, n=100, method="inclusive")[98],
        "vs_stock_default": statistics.median(default) / p50,
        "vs_stock_half_second": statistics.median(half) / p50,
        "stock_default_p50_seconds": statistics.median(default),
        "stock_half_second_p50_seconds": statistics.median(half),
        **{f"until_{stage}": seconds for stage, seconds in stages.items()},
        "samples": {"ours": ours, "stock_half_second": half, "stock_default": default},
    }


def _samples(variables: dict[str, str], number: int) -> tuple[list[float], dict[str, float]]:
    """Seconds to the first step, and the median of each stage; the first import, which warms caches, is left out."""
    with running_stack(variables) as stack:
        imports = SmallImports(stack)
        imports.one()
        events = []
        for _ in range(number):
            time.sleep(_PAUSE_SECONDS)
            events.append(imports.one())
    stages = {
        stage: statistics.median(_seconds(event, stage) for event in events)
        for stage in _STAGES
        if all(stage in event.deliveries[0].trace for event in events)
    }
    return [_seconds(event, "firstStepAt") for event in events], stages


def _seconds(event: EventStatus, stage: str) -> float:
    return (event.deliveries[0].trace[stage] - event.accepted_at).total_seconds()
