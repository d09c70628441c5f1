"""What one workspace feels of another's burst."""

import statistics
import threading
from dataclasses import dataclass
from random import Random
from typing import Any

from groundwork.blocks.database import database
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import lanes
from tests.benchmarks.lane_stack import lane_stack, rows, send_all
from tests.benchmarks.lanes import AlertWanted, BulkWanted, LightBulkWanted
from tests.waiting import wait_until

DESCRIPTION = (
    "seconds from acceptance to the first step of an interactive event with a run of its own: by turns alone, the bulk "
    "job paused, and beside another workspace's burst of 500 bulk events; the same for 500,000 light ones, on a new "
    "stack; how many of these ended per second while they were not paused. And under a Zipf load of 20 workspaces, "
    "largest burst first, the sum of the positions of their first starts ÷ 20², in first steps of a third stack."
)
_SHORTEST_PAUSE, _LONGEST_PAUSE = 3.0, 4.5
"""Seconds for which the burst goes on, or the stack rests, before each interactive event: by chance, since bulk runs
start in step."""
_AFTER_SECONDS = 1.5
"""After each, in which nothing is asked: a look at half a million deliveries takes a core from it."""
_AT_ONCE = 10_000
_WORKSPACES = 20


@dataclass(frozen=True, slots=True)
class _Burst:
    """What another workspace sends at once."""

    kind: type[Event]
    job: str
    number: int


@dataclass(frozen=True, slots=True)
class _Felt:
    """Seconds to the first step of each interactive event, and bulk deliveries that ended per second beside them."""

    alone: list[float]
    beside: list[float]
    bulk_per_second: float

    def figures(self, name: str) -> dict[str, Any]:
        return {
            f"{name}_p50_ratio": statistics.median(self.beside) / statistics.median(self.alone),
            f"{name}_p95_ratio": _p95(self.beside) / _p95(self.alone),
            f"{name}_per_second": self.bulk_per_second,
            f"{name}_p50_seconds": statistics.median(self.beside),
            f"{name}_p95_seconds": _p95(self.beside),
            f"{name}_alone_p50_seconds": statistics.median(self.alone),
            f"{name}_alone_p95_seconds": _p95(self.alone),
            f"{name}_samples": {"alone": self.alone, "beside": self.beside},
        }


def run(quick: bool) -> dict[str, Any]:
    """Measure 30 interactive events each; 4, a burst of 60 and a light one of 60,000 if quick."""
    number = 4 if quick else 30
    bulk = _alerts(number, _Burst(BulkWanted, "bulk", 60 if quick else 500))
    light = _alerts(number, _Burst(LightBulkWanted, "light-bulk", 60_000 if quick else 500_000))
    order = _first_starts()
    return {
        **bulk.figures("bulk"),
        **light.figures("light_bulk"),
        "unfairness_zipf": sum(order) / _WORKSPACES**2,
        "zipf_last_first_start": max(order),
    }


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20, method="inclusive")[18]


def _alerts(number: int, burst: _Burst) -> _Felt:
    """Send interactive events alone and within a burst, which lasts longer than they do, or the measurement fails."""
    ended = seconds = 0.0
    random = Random(number)
    with lane_stack():
        _hold(burst.job)
        for begin in range(0, burst.number, _AT_ONCE):
            numbers = range(begin, min(begin + _AT_ONCE, burst.number))
            send_all([burst.kind.model_validate({"workspace_id": "acme", "number": each}) for each in numbers])
        for each in range(number):
            _hold(burst.job)
            wait_until(lambda: _state(burst).running == 0, 60, "the burst to rest")
            _alert(2 * each, random)
            _let_go(burst.job)
            before = _state(burst)
            _alert(2 * each + 1, random)
            after = _state(burst)
            ended += after.ended - before.ended
            seconds += float(after.now - before.now)
        assert _state(burst).queued > 0, "the burst was over before the last alert"
        started = wait_until(lambda: _started(2 * number), 60, "the alerts to start")
    return _Felt(started[::2], started[1::2], ended / seconds)


def _hold(job: str) -> None:
    with database().transaction() as connection:
        lanes.pause(connection, job)


def _let_go(job: str) -> None:
    with database().transaction() as connection:
        lanes.resume(connection, job)


def _alert(number: int, random: Random) -> None:
    """Send an interactive event after a pause, and let it start."""
    pause = threading.Event()
    pause.wait(random.uniform(_SHORTEST_PAUSE, _LONGEST_PAUSE))
    send_all([AlertWanted(workspace_id=WorkspaceId("bolt"), number=number)])
    pause.wait(_AFTER_SECONDS)


def _state(burst: _Burst) -> Any:
    """How many of a burst have ended, run and are queued, and the database's clock, in seconds."""
    [found] = rows(
        "SELECT count(settled_at) AS ended, count(*) FILTER (WHERE state IN ('admitted', 'running')) AS running,"
        " count(*) FILTER (WHERE state = 'queued') AS queued, extract(epoch FROM now()) AS now"
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
