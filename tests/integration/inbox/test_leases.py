"""A lease lasts as long as its process lives and is not stopped, whatever the process does."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import text

from groundwork.blocks.settings import settings
from groundwork.events.inbox import claim, keeper_process, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.lease import Lease
from groundwork.events.inbox.renewal import Hold, Renewal, renew
from tests.factories import csv_import_confirmed, delivery_of, flow_run_id, register_job, scalar
from tests.integration.process import Process
from tests.waiting import wait_until

LEASE_SECONDS = 3
LONG = 3 * LEASE_SECONDS

Start = Callable[..., Process]


@pytest.fixture
def admitted(db):
    register_job(db)
    event_id = send(csv_import_confirmed())
    admit(capacity=10)
    return delivery_of(db, event_id)


@pytest.fixture
def now(db, admitted) -> Callable[[], Any]:
    """The delivery as it stands now."""
    return lambda: delivery_of(db, admitted.event_id)


@pytest.fixture
def start(admitted, tmp_path: Path) -> Iterator[Start]:
    """Start a process that claims the delivery and works on it."""
    started: list[Process] = []

    def start(how: str, seconds: int = LONG) -> Process:
        command = [sys.executable, "-m", "tests.integration.inbox.lease_holder", str(admitted.id), str(seconds), how]
        environment = os.environ | {"GROUNDWORK_LEASE_SECONDS": str(LEASE_SECONDS)}
        process = Process(command, environment, tmp_path / f"holder-{len(started)}.log")
        started.append(process)
        process.says("claimed")
        return process

    yield start
    for process in started:
        if process.alive:
            process.signal(signal.SIGKILL)
            process.wait(10)


def keepers_of(process: Process) -> list[psutil.Process]:
    return keepers_among(psutil.Process(process.pid).children())


def keepers_among(processes: list[psutil.Process]) -> list[psutil.Process]:
    found = []
    for each in processes:
        with suppress(psutil.NoSuchProcess):  # it may end meanwhile
            if "lease_keeper" in " ".join(each.cmdline()):
                found.append(each)
    return found


def has_run_out(delivery: Any) -> bool:
    return delivery.state == "running" and delivery.lease_expires_at < datetime.now(UTC)


def test_a_process_that_holds_the_interpreter_for_three_leases_keeps_its_lease(start, now):
    process = start("holding")
    while "worked" not in process.logged:
        assert not has_run_out(now())
        psutil.wait_procs([], 0.1)
    assert process.wait(10) == 0
    assert (now().state, now().attempt, now().result) == ("done", 1, "settled")


def test_the_lease_of_a_killed_process_runs_out_and_its_keeper_ends(start, now):
    process = start("sleeping", 60)
    [keeper] = keepers_of(process)
    process.signal(signal.SIGKILL)
    process.wait(10)
    keeper.wait(10)
    wait_until(lambda: has_run_out(now()), 2 * LEASE_SECONDS, "the lease to run out")


def test_a_process_that_a_killed_one_has_forked_keeps_no_lease(start, now):
    process = start("forking", 3 * LONG)
    process.signal(signal.SIGKILL)
    process.wait(10)
    wait_until(lambda: has_run_out(now()), 2 * LEASE_SECONDS, "the lease to run out")


def test_the_lease_of_a_stopped_process_runs_out_and_what_it_does_when_it_goes_on_is_fenced(start, now, admitted):
    process = start("sleeping", 1)
    process.signal(signal.SIGSTOP)
    wait_until(lambda: has_run_out(now()), 2 * LEASE_SECONDS, "the lease to run out")
    second = claim(admitted.id, Run(flow_run_id=flow_run_id()))
    process.signal(signal.SIGCONT)
    assert process.wait(10) != 0
    assert "StaleAttempt" in process.logged
    second.settle("the second's")
    assert (now().attempt, now().result) == (2, "the second's")


def test_a_process_that_goes_on_before_anybody_has_its_delivery_keeps_it(start, now):
    process = start("sleeping", LONG)
    process.signal(signal.SIGSTOP)
    wait_until(lambda: has_run_out(now()), 2 * LEASE_SECONDS, "the lease to run out")
    process.signal(signal.SIGCONT)
    wait_until(lambda: not has_run_out(now()), LEASE_SECONDS, "the lease to be renewed")
    assert process.wait(2 * LONG) == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_without_its_keeper_a_process_renews_its_lease_itself(start, now, number):
    process = start("sleeping")
    [keeper] = keepers_of(process)
    try:
        keeper.send_signal(number)
        while "worked" not in process.logged:
            assert not has_run_out(now())
            psutil.wait_procs([], 0.1)
        assert process.wait(10) == 0
    finally:
        if keeper.is_running():
            keeper.kill()


def test_many_leases_are_renewed_by_one_statement_that_waits_for_nobody(db, admitted):
    register_job(db, lane=10)
    events = [send(csv_import_confirmed(f"import-{number}")) for number in range(3)]
    admit(capacity=10)
    kept, locked, lost, ended = [admitted, *(delivery_of(db, each) for each in events)]
    for each in (kept, locked, lost, ended):
        claim(each.id, Run(flow_run_id=flow_run_id()))
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET attempt = 2 WHERE id = :id"), {"id": lost.id})
        connection.execute(
            text("UPDATE groundwork.delivery SET state = 'done', settled_at = now() WHERE id = :id"), {"id": ended.id}
        )
    before = {each.id: delivery_of(db, each.event_id).lease_expires_at for each in (kept, locked)}
    with db.transaction() as connection:
        connection.execute(text("SELECT FROM groundwork.delivery WHERE id = :id FOR UPDATE"), {"id": locked.id})
        renewals = renew(db, [Hold(each.id, 1, 100.0) for each in (lost, kept, ended, locked)])
    assert renewals == [Renewal.LOST, Renewal.RENEWED, Renewal.LOST, Renewal.BUSY]
    assert delivery_of(db, kept.event_id).lease_expires_at > before[kept.id]
    assert delivery_of(db, locked.event_id).lease_expires_at == before[locked.id]
    assert delivery_of(db, lost.event_id).attempt == 2


def test_the_runs_of_one_process_share_a_keeper_and_its_connection(db, admitted, monkeypatch):
    monkeypatch.setattr(settings(), "lease_seconds", 12.0)
    register_job(db, lane=10)
    events = [send(csv_import_confirmed(f"import-{number}")) for number in range(8)]
    admit(capacity=10)
    attempts = [claim(delivery_of(db, each).id, Run(flow_run_id=flow_run_id())) for each in events]
    leases = [Lease(Hold(each.delivery_id, each.token, 12.0)) for each in attempts]
    connections = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    before = scalar(db, connections)
    for each in leases:
        each.__enter__()
    try:
        first = {each: delivery_of(db, each).lease_expires_at for each in events}
        wait_until(lambda: all(delivery_of(db, each).lease_expires_at > first[each] for each in events), 6)
        assert scalar(db, connections) <= before + 1
        assert len(keepers_among(psutil.Process().children())) == 1
    finally:
        for each in leases:
            each.end()


def test_where_no_keeper_can_be_started_the_run_renews_its_lease_itself(db, admitted, monkeypatch):
    monkeypatch.setattr(keeper_process, "_keeper", None)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    attempt = claim(admitted.id, Run(flow_run_id=flow_run_id()))
    claimed = delivery_of(db, admitted.event_id).lease_expires_at
    with Lease(Hold(attempt.delivery_id, attempt.token, 0.5)):
        wait_until(lambda: delivery_of(db, admitted.event_id).lease_expires_at != claimed)
