"""Light runs: how many a second, what each costs, how soon they start, and how fair they are."""

import statistics
import time
from collections.abc import Sequence
from typing import Any

import psutil
from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send, send_many
from tests.benchmarks.applications import light, settings_of
from tests.benchmarks.light_jobs import LightAlertWanted, LightFiveWanted, LightOneWanted, OrdinaryOneWanted
from tests.benchmarks.running import cpu_seconds, running_stack
from tests.integration.stack.running import RunningStack
from tests.waiting import wait_until

DESCRIPTION = (
    "10,000 light deliveries of 500 workspaces, of one step and of five, accepted before the clock starts: deliveries "
    "per second from the first claim to the last settlement, and CPU by part; from the acceptance of one to its first "
    "step, with a host ready and without; an interactive one beside 10,000 bulk ones, and beside 500 bulk runs, as "
    "multiples of one alone; a host's memory over 100,000"
)
_WORKSPACES = 500
_PARTS = ("gateway", "relay", "worker", "prefect", "postgres")


def run(quick: bool) -> dict[str, Any]:
    """Measure; with a tenth of the deliveries if quick."""
    number = 1_000 if quick else 10_000
    figures: dict[str, Any] = {}
    # The host whose memory is read is there from the first delivery to the last.
    with running_stack({**settings_of(light), "GROUNDWORK_LIGHT_HOST_SECONDS": "86400"}) as stack:
        figures["without_host_s"] = latencies([LightOneWanted], 1, 0)[0]
        figures |= _of_latencies("host_ready", latencies([LightOneWanted], 40 if quick else 300, 0.05))
        figures |= throughput(stack, "one_step", LightOneWanted, number)
        figures |= throughput(stack, "five_steps", LightFiveWanted, number)
        figures |= _fairness(number, 50 if quick else 500)
        figures |= _memory(stack, 5_000 if quick else 100_000)
    return figures


def throughput(stack: RunningStack, name: str, kind: type[Event], number: int) -> dict[str, float]:
    """Deliveries per second of one kind, accepted before the clock starts, and CPU milliseconds of one, by part."""
    _hold(kind, paused=True)
    _send(kind, number)
    _analyse()
    before = _cpu(stack)
    _hold(kind, paused=False)
    row = _ended(kind, number)
    after = _cpu(stack)
    parts = {part: (after[part] - before.get(part, 0.0)) / number * 1000 for part in after}
    return {
        f"{name}_per_second": float(row.per_second),
        f"{name}_cpu_ms": sum(parts.values()),
        **{f"{name}_cpu_ms_{part}": each for part, each in parts.items()},
    }


def _send(kind: type[Event], number: int) -> None:
    for begin in range(0, number, 10_000):
        send_many(
            [
                kind.model_validate({"workspace_id": f"workspace-{each % _WORKSPACES}", "number": each})
                for each in range(begin, min(begin + 10_000, number))
            ]
        )


def _hold(kind: type[Event], *, paused: bool) -> None:
    """Let nothing of it be admitted, or let it go."""
    with database().transaction() as connection:
        connection.execute(
            text("UPDATE groundwork.job SET paused = :paused WHERE event_name = :name"),
            {"paused": paused, "name": kind.event_name},
        )
        connection.execute(text("SELECT pg_notify('groundwork_inbox', '')"))


def _analyse() -> None:
    with database().engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE groundwork.delivery, groundwork.event, groundwork.step_execution"))


def _ended(kind: type[Event], number: int) -> Any:
    """When all have ended: how many a second, from the first claim to the last settlement. They are deleted then."""
    condition = "FROM groundwork.delivery JOIN groundwork.event ON event.id = event_id WHERE event.name = :name"
    name = {"name": kind.event_name}

    def all_done() -> bool:
        with database().transaction() as connection:
            left = connection.execute(text(f"SELECT count(*) {condition} AND state <> 'done'"), name).scalar_one()
        time.sleep(0.3)
        return left == 0

    wait_until(all_done, 3_600, "all deliveries to end")
    with database().transaction() as connection:
        row = connection.execute(
            text(
                "SELECT count(*) AS done,"
                f" count(*) / extract(epoch FROM max(settled_at) - min(claimed_at)) AS per_second {condition}"
            ),
            name,
        ).one()
        connection.execute(text("DELETE FROM groundwork.event WHERE name = :name"), name)
    assert row.done == number
    return row


def _processes(stack: RunningStack) -> dict[str, list[psutil.Process]]:
    found = {part: [stack.part(part), *stack.part(part).children(recursive=True)] for part in _PARTS}
    runs = [each for each in found["worker"] if _is_run(each)]
    found["worker"] = [each for each in found["worker"] if each not in runs]
    return found | {"host": runs}


def _is_run(process: psutil.Process) -> bool:
    """Whether it is the fork of a zygote."""
    parent = process.parent()
    return parent is not None and any("zygote" in each for each in parent.cmdline())


def _cpu(stack: RunningStack) -> dict[str, float]:
    return {part: cpu_seconds(processes) for part, processes in _processes(stack).items()}


def latencies(kinds: Sequence[type[Event]], number: int, pause: float) -> list[float]:
    """Seconds from the acceptance of events, one at a time, to their first steps."""
    ids = []
    for each in range(number):
        kind = kinds[each % len(kinds)]
        ids.append(send(kind.model_validate({"workspace_id": WorkspaceId(f"lone-{each % 20}"), "number": each})))
        if pause:
            time.sleep(pause)

    def done() -> bool:
        with database().transaction() as connection:
            left = text("SELECT count(*) FROM groundwork.delivery WHERE event_id = ANY(:ids) AND state <> 'done'")
            return connection.execute(left, {"ids": ids}).scalar_one() == 0

    wait_until(done, 300, "the single deliveries to end")
    with database().transaction() as connection:
        found = connection.execute(
            text(
                "SELECT extract(epoch FROM first_step_at - accepted_at) FROM groundwork.delivery"
                " WHERE event_id = ANY(:ids)"
            ),
            {"ids": ids},
        )
        measured = [float(each) for each in found.scalars()]
        connection.execute(text("DELETE FROM groundwork.event WHERE id = ANY(:ids)"), {"ids": ids})
    return measured


def _of_latencies(name: str, latencies: list[float]) -> dict[str, float]:
    return {
        f"{name}_p50_s": statistics.median(latencies),
        f"{name}_p95_s": statistics.quantiles(latencies, n=20)[-1],
        f"{name}_p99_s": statistics.quantiles(latencies, n=100)[-1],
    }


def _fairness(number: int, runs: int) -> dict[str, float]:
    samples = max(number // 50, 20)
    latencies([LightAlertWanted], 1, 0)
    alone = _of_latencies("alert_alone", latencies([LightAlertWanted], samples, 0.1))
    _send(LightOneWanted, number)
    _analyse()
    beside = _of_latencies("alert_beside_light", latencies([LightAlertWanted], samples, 0.1))
    _ended(LightOneWanted, number)
    _send(OrdinaryOneWanted, runs)
    _analyse()
    among = _of_latencies("alert_beside_runs", latencies([LightAlertWanted], samples, 0.1))
    _ended(OrdinaryOneWanted, runs)
    return {
        **alone,
        **beside,
        **among,
        "alert_beside_light_p50_ratio": beside["alert_beside_light_p50_s"] / alone["alert_alone_p50_s"],
        "alert_beside_light_p95_ratio": beside["alert_beside_light_p95_s"] / alone["alert_alone_p95_s"],
        "alert_beside_runs_p50_ratio": among["alert_beside_runs_p50_s"] / alone["alert_alone_p50_s"],
        "alert_beside_runs_p95_ratio": among["alert_beside_runs_p95_s"] / alone["alert_alone_p95_s"],
    }


def _memory(stack: RunningStack, number: int) -> dict[str, float]:
    """MiB of the bulk host, when it has warmed up and after so many deliveries."""
    _send(LightOneWanted, 2_000)
    _ended(LightOneWanted, 2_000)
    host = max(_processes(stack)["host"], key=lambda each: each.cpu_times().user)
    before = host.memory_info().rss
    _send(LightOneWanted, number)
    _ended(LightOneWanted, number)
    after = host.memory_info().rss if host.is_running() else 0
    return {"host_mib_before": before / 2**20, "host_mib_after": after / 2**20, "host_mib_deliveries": number}
