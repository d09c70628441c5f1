"""What more workers, hosts, relays and work cost, and how many cores a day's events take."""

import time
from typing import Any

from sqlalchemy import text

from groundwork.blocks.database import Database, database
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import claim
from groundwork.events.inbox import send as send_one
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from tests.benchmarks.inbox_only import inbox_only
from tests.benchmarks.lane_stack import send_all
from tests.benchmarks.lanes import BulkWanted
from tests.benchmarks.light_jobs import LightOneWanted
from tests.benchmarks.one_step import StepWanted
from tests.benchmarks.scale_stack import ScaleStack, all_done, forget, scalar, scale_stack, send
from tests.factories import flow_run_id, register_job
from tests.integration.process import Process
from tests.integration.stack.application import Application
from tests.waiting import wait_until

DESCRIPTION = (
    "CPU ms per run of a one-step job, by part, with one worker and with four, which all together hold what one may "
    "(cpu_ratio: Prefect's server and PostgreSQL, four ÷ one; aborted: share of submissions that another worker had); "
    "started by events and by the relay; light deliveries with one and with two hosts on two workers; CPU of three "
    "relays ÷ one, over light deliveries, and seconds from the death of the leading one to the next admission; time "
    "for ten times the deliveries, the workspaces and the imported rows ÷ time for once; and from these, cores for so "
    "many events a day, evenly spread: one run per event, and light."
)
_WORKSPACES = 60
_PLACES = 6
_IDLE_SECONDS = 15.0
_SECONDS_OF_DAY = 86_400
_SERVERS = ("prefect", "postgres")


def run(quick: bool) -> dict[str, Any]:
    """Measure; with a fifth of the runs, and a tenth of the deliveries, if quick."""
    runs, light = (30, 2_000) if quick else (150, 10_000)
    figures: dict[str, Any] = {}
    with scale_stack({"GROUNDWORK_CONCURRENCY": str(_PLACES - 2)}) as scale:
        scale.hold_pool(_PLACES)
        figures |= _idle(scale, "one_worker")
        figures |= _runs(scale, "one_worker", runs)
        figures |= _direct(scale, runs)
        figures |= _relays(scale, light)
        scale.workers(4)
        figures |= _idle(scale, "four_workers")
        figures |= _runs(scale, "four_workers", runs)
        figures["cpu_ratio"] = _servers(figures, "four_workers") / _servers(figures, "one_worker")
        figures["aborted"] = scale.aborted() / (2 * runs)
    for hosts in (1, 2):
        with scale_stack({"GROUNDWORK_LIGHT_HOSTS": str(hosts)}) as scale:
            scale.workers(2)
            figures |= _light(scale, f"hosts_{hosts}", light)
            if hosts == 2:
                figures |= _rows(scale, 10_000 if quick else 50_000)
    figures |= _tenfold(200 if quick else 1_000)
    return figures | _model(figures)


def _runs(scale: ScaleStack, name: str, number: int) -> dict[str, float]:
    """CPU ms per run and runs a second; each run claimed once."""
    _drain(4)
    used, seconds = scale.used(lambda: _drain(number))
    forget([StepWanted])
    return {
        f"{name}_runs_per_second": number / seconds,
        f"{name}_cpu_ms": sum(used.values()) / number * 1000,
        **{f"{name}_cpu_ms_{part}": each / number * 1000 for part, each in used.items()},
    }


def _idle(scale: ScaleStack, name: str) -> dict[str, float]:
    """Cores that Prefect's server and PostgreSQL keep busy while nothing is to do."""
    used, seconds = scale.used(lambda: time.sleep(_IDLE_SECONDS))
    return {f"{name}_idle_server_cores": sum(used[part] for part in _SERVERS) / seconds}


def _drain(number: int) -> None:
    send(StepWanted, number, _WORKSPACES)
    all_done(StepWanted)


def _direct(scale: ScaleStack, number: int) -> dict[str, float]:
    scale.automation_starts("one-step", enabled=False)
    try:
        return _runs(scale, "direct", number)
    finally:
        scale.automation_starts("one-step", enabled=True)


def _light(scale: ScaleStack, name: str, number: int) -> dict[str, float]:
    send(LightOneWanted, 50, _WORKSPACES)
    all_done(LightOneWanted)
    forget([LightOneWanted])
    _hold(paused=True)
    send(LightOneWanted, number, 500)

    def let_go() -> None:
        _hold(paused=False)
        all_done(LightOneWanted)

    used, _ = scale.used(let_go)
    rate = scalar(
        "SELECT count(*) / extract(epoch FROM max(settled_at) - min(claimed_at)) FROM groundwork.delivery"
        " JOIN groundwork.event ON event.id = event_id WHERE event.name = :name",
        name=LightOneWanted.event_name,
    )
    forget([LightOneWanted])
    return {
        f"{name}_light_per_second": float(rate),
        f"{name}_light_cpu_ms": sum(used.values()) / number * 1000,
        **{f"{name}_light_cpu_ms_{part}": each / number * 1000 for part, each in used.items()},
    }


def _hold(*, paused: bool) -> None:
    with database().transaction() as connection:
        connection.execute(text("UPDATE groundwork.job SET paused = :paused WHERE light"), {"paused": paused})
        connection.execute(text("SELECT pg_notify('groundwork_inbox', '')"))


def _relays(scale: ScaleStack, number: int) -> dict[str, float]:
    """What two more that stand by cost, and how soon one of them takes over."""
    one = _light(scale, "one", number)["one_light_cpu_ms_relay"]
    standing_by: list[Process] = [scale.start("relay") for _ in range(2)]
    for each in standing_by:
        each.says("another relay leads; this one stands by", 90)
    three = _light(scale, "three", number)["three_light_cpu_ms_relay"]
    leading = scale.stack.part("relay")
    leading.kill()
    killed = time.monotonic()
    event_id = send_one(StepWanted(workspace_id=WorkspaceId("after"), number=0))
    sql = "SELECT admitted_at IS NOT NULL FROM groundwork.delivery WHERE event_id = :id"
    wait_until(lambda: scalar(sql, id=event_id), 60, "another relay to admit")
    seconds = time.monotonic() - killed
    for each in standing_by:
        each.end()
    all_done(StepWanted)
    return {"three_relays_ratio": three / one, "takeover_seconds": seconds}


def _rows(scale: ScaleStack, number: int) -> dict[str, float]:
    """Seconds of an import of so many rows, and of ten times as many."""
    from groundwork.deployments.commands.contacts.sample_contacts import write_contacts

    application = Application(scale.stack, "rows")
    seconds = []
    for rows in (1_000, number, 10 * number):
        path = write_contacts(scale.stack.home / f"{rows}.csv", rows)
        delivery = application.done(application.confirm(application.upload(path)))
        seconds.append((delivery.trace["settledAt"] - delivery.trace["claimedAt"]).total_seconds())
    return {"tenfold_rows": seconds[2] / seconds[1], "import_rows_per_second": 10 * number / seconds[2]}


def _tenfold(number: int) -> dict[str, float]:
    with inbox_only() as db:
        register_job(db, "bulk", BulkWanted.event_name, lane=100)
        _through(db, 100, workspaces=10)
        return {
            "tenfold_deliveries": _through(db, 10 * number, workspaces=20) / _through(db, number, workspaces=20),
            "tenfold_workspaces": _through(db, 10 * number, workspaces=number) / _through(db, number, number // 10),
        }


def _through(db: Database, number: int, workspaces: int) -> float:
    """Seconds for so many deliveries from acceptance to settlement, without runs."""
    with db.transaction() as connection:
        connection.execute(text("TRUNCATE groundwork.event, groundwork.fair_share CASCADE"))
    began = time.perf_counter()
    events = [BulkWanted(workspace_id=WorkspaceId(f"w-{each % workspaces}"), number=each) for each in range(number)]
    for begin in range(0, number, 500):
        send_all(events[begin : begin + 500])
    left = number
    while left:
        for each in admit(20):
            attempt = claim(each.id, Run(flow_run_id=flow_run_id()))
            assert attempt is not None
            attempt.settle()
            left -= 1
    return time.perf_counter() - began


def _servers(figures: dict[str, Any], name: str) -> float:
    return float(sum(figures[f"{name}_cpu_ms_{part}"] for part in _SERVERS))


def _model(figures: dict[str, Any]) -> dict[str, float]:
    """Cores that so many events a day keep busy, where they come evenly; five times as many carry usual peaks."""
    each = {
        "runs": figures["one_worker_cpu_ms"],
        "direct": figures["direct_cpu_ms"],
        "light": figures["hosts_1_light_cpu_ms"],
    }
    return {
        f"cores_{millions}m_{kind}": milliseconds / 1000 * millions * 1_000_000 / _SECONDS_OF_DAY
        for kind, milliseconds in each.items()
        for millions in (1, 10, 100)
    }
