"""What one workspace feels of another's burst."""

import statistics
import threading
from dataclasses import dataclass
from typing import Any

from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from tests.benchmarks.lane_stack import lane_stack, rows, send_all
from tests.benchmarks.lanes import AlertWanted, BulkWanted, LightBulkWanted
from tests.waiting import wait_until

DESCRIPTION = (
    "seconds from acceptance to the first step of an interactive event with a run of its own, one every 5 s: alone, "
    "beside another workspace's 500 bulk events, and beside its 500,000 light ones; how many of these ended per second "
    "meanwhile; each on a new stack. And under a Zipf load of 20 workspaces, largest burst first, the sum of the "
    "positions of their first starts ÷ 20², in first steps of a fourth stack."
)
_PAUSE_SECONDS = 5.0
_AT_ONCE = 10_000
_WORKSPACES = 20


@dataclass(frozen=True, slots=True)
class _Burst:
    """What another workspace sends at once."""

    kind: type[Event] = BulkWanted
    job: str = "bulk"
    number: int = 0


@dataclass(frozen=True, slots=True)
class _Felt:
    """Seconds to the first step of each interactive event, and bulk deliveries that ended per second meanwhile."""

    alerts: list[float]
    bulk_per_second: float

    @property
    def p50(self) -> float:
        return statistics.median(self.alerts)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.alerts, n=20, method="inclusive")[18]


def run(quick: bool) -> dict[str, Any]:
    """Measure 30 interactive events each; 4, a burst of 60 and a light one of 30,000 if quick."""
    number = 4 if quick else 30
    alone = _alerts(number, _Burst())
    noisy = _alerts(number, _Burst(number=60 if quick else 500))
    light = _alerts(number, _Burst(LightBulkWanted, "light-bulk", 60_000 if quick else 500_000))
    order = _first_starts()
    return {
        "p50_ratio": noisy.p50 / alone.p50,
        "p95_ratio": noisy.p95 / alone.p95,
        "bulk_per_second": noisy.bulk_per_second,
        "beside_light_p50_ratio": light.p50 / alone.p50,
        "beside_light_p95_ratio": light.p95 / alone.p95,
        "light_bulk_per_second": light.bulk_per_second,
        "unfairness_zipf": sum(order) / _WORKSPACES**2,
        "zipf_last_first_start": max(order),
        "alone_p50_seconds": alone.p50,
        "noisy_p50_seconds": noisy.p50,
        "beside_light_p50_seconds": light.p50,
        "alone_p95_seconds": alone.p95,
        "noisy_p95_seconds": noisy.p95,
        "beside_light_p95_seconds": light.p95,
        "samples": {"alone": alone.alerts, "noisy": noisy.alerts, "beside_light": light.alerts},
    }


def _alerts(number: int, burst: _Burst) -> _Felt:
    """Send interactive events within a burst, which lasts longer than they do, or the measurement fails."""
    pause = threading.Event()
    with lane_stack():
        for begin in range(0, burst.number, _AT_ONCE):
            numbers = range(begin, min(begin + _AT_ONCE, burst.number))
            send_all([burst.kind.model_validate({"workspace_id": "acme", "number": each}) for each in numbers])
        before = _ended(burst)
        for each in range(number):
            pause.wait(_PAUSE_SECONDS)
            send_all([AlertWanted(workspace_id=WorkspaceId("bolt"), number=each)])
        after = _ended(burst)
        assert burst.number == 0 or after.open > 0, "the burst was over before the last alert"
        alerts = wait_until(lambda: _started(number), 60, "the alerts to start")
    return _Felt(alerts, (after.ended - before.ended) / float(after.now - before.now))


def _ended(burst: _Burst) -> Any:
    """How many of a burst have ended and are open, and the database's clock, in seconds."""
    [found] = rows(
        "SELECT count(settled_at) AS ended, count(*) - count(settled_at) AS open, extract(epoch FROM now()) AS now"
        " FROM groundwork.delivery WHERE job = :job AND workspace_id = 'acme'",
        job=burst.job,
    )
    return found


def _started(number: int) -> list[float] | None:
    found = rows(
        "SELECT extract(epoch FROM first_step_at - accepted_at) AS seconds FROM groundwork.delivery"
        " WHERE job = 'alert' AND workspace_id = 'bolt' AND first_step_at IS NOT NULL ORDER BY sequence"
    )
    return [float(row.seconds) for row in found] if len(found) == number else None


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
