"""A burst of events, one run each."""

from typing import Any

from tests.benchmarks.running import running_stack
from tests.benchmarks.small_imports import STOCK, SmallImports

DESCRIPTION = (
    "200 events over 10 workspaces at once, one run each, from the first 202 to the last settlement; beside Prefect's "
    "process worker polling every 0.5 s with 12 events, as it is that much slower, everything else the same."
)


def run(quick: bool) -> dict[str, Any]:
    """Measure runs per second; with 40 and 4 events if quick."""
    ours = _runs_per_second({}, 40 if quick else 200)
    stock = _runs_per_second(STOCK, 4 if quick else 12)
    return {"runs_per_second": ours, "stock_runs_per_second": stock, "vs_stock": ours / stock}


def _runs_per_second(variables: dict[str, str], number: int) -> float:
    with running_stack(variables) as stack:
        imports = SmallImports(stack, workspaces=10)
        imports.one()
        events = imports.settled(imports.send(number), timeout=900)
        began = min(event.accepted_at for event in events)
        ended = max(event.deliveries[0].trace["settledAt"] for event in events)
        return number / (ended - began).total_seconds()
