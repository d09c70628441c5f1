"""What one workspace feels of another's burst."""

import statistics
import threading
from typing import Any

from groundwork.events.identifiers import WorkspaceId
from tests.benchmarks.lane_stack import lane_stack, rows, send_all
from tests.benchmarks.lanes import AlertWanted, BulkWanted
from tests.waiting import wait_until

DESCRIPTION = (
    "seconds from acceptance to the first step of one interactive event every 5 s, alone and while another workspace's "
    "500 bulk events run, as two runs of the same stack one after the other; and under a Zipf load of 20 workspaces, "
    "largest burst first, the sum of the positions of their first starts ÷ 20², in first steps of a third stack."
)
_PAUSE_SECONDS = 5.0
_WORKSPACES = 20


def run(quick: bool) -> dict[str, Any]:
    """Measure 30 events alone and 30 in the burst; 4 and a burst of 60 if quick."""
    number, burst = (4, 60) if quick else (30, 500)
    alone, noisy = _alerts(number, burst=0), _alerts(number, burst=burst)
    order = _first_starts()
    return {
        "p50_ratio": statistics.median(noisy) / statistics.median(alone),
        "p95_ratio": _p95(noisy) / _p95(alone),
        "unfairness_zipf": sum(order) / _WORKSPACES**2,
        "zipf_last_first_start": max(order),
        "alone_p50_seconds": statistics.median(alone),
        "noisy_p50_seconds": statistics.median(noisy),
        "alone_p95_seconds": _p95(alone),
        "noisy_p95_seconds": _p95(noisy),
        "samples": {"alone": alone, "noisy": noisy},
    }


def _alerts(number: int, *, burst: int) -> list[float]:
    """Seconds to the first step of each alert. The burst lasts longer than the alerts, or the measurement fails."""
    pause = threading.Event()
    with lane_stack():
        send_all([BulkWanted(workspace_id=WorkspaceId("acme"), number=each) for each in range(burst)])
        for each in range(number):
            pause.wait(_PAUSE_SECONDS)
            send_all([AlertWanted(workspace_id=WorkspaceId("bolt"), number=each)])
        [(open_bulk,)] = rows("SELECT count(*) FROM groundwork.delivery WHERE job = 'bulk' AND settled_at IS NULL")
        assert burst == 0 or open_bulk > 0, "the burst was over before the last alert"
        return wait_until(lambda: _started(number), 60, "the alerts to start")


def _started(number: int) -> list[float] | None:
    found = rows(
        "SELECT extract(epoch FROM first_step_at - accepted_at) AS seconds FROM groundwork.delivery"
        " WHERE job = 'alert' AND workspace_id = 'bolt' AND first_step_at IS NOT NULL ORDER BY sequence"
    )
    return [float(row.seconds) for row in found] if len(found) == number else None


def _p95(samples: list[float]) -> float:
    return statistics.quantiles(samples, n=20, method="inclusive")[18]


def _first_starts() -> list[int]:
    """The position, from 1, of each workspace's first start among all starts."""
    with lane_stack():
        for rank in range(1, _WORKSPACES + 1):
            workspace = WorkspaceId(f"workspace-{rank:02}")
            send_all([BulkWanted(workspace_id=workspace, number=each) for each in range(400 // rank)])
        found = wait_until(_all_have_started, 120, "every workspace to start")
    return [row.position for row in found]


def _all_have_started() -> Any:
    found = rows(
        "SELECT min(position) AS position FROM ("
        "  SELECT workspace_id, row_number() OVER (ORDER BY first_step_at) AS position FROM groundwork.delivery"
        "  WHERE workspace_id LIKE 'workspace-%' AND first_step_at IS NOT NULL"
        ") AS started GROUP BY workspace_id"
    )
    return found if len(found) == _WORKSPACES else None
