"""Hosts of light runs die, stop, are replaced and lose what they work with. Every delivery ends, and no step that has
finished is done again."""

import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
from sqlalchemy import text

from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import cancellation, send
from tests.chaos.light_jobs import AlertWanted, CrawlWanted, WalkWanted
from tests.factories import csv_import_confirmed, delivery_of
from tests.integration.stack.running import PROJECT, RunningStack
from tests.integration.stack.small_project import small_project
from tests.waiting import wait_until

ACME = WorkspaceId("acme")
SETTINGS = {
    "PYTHONPATH": str(PROJECT),
    "GROUNDWORK_APPLICATIONS": "contacts,operations,tests.chaos.light_jobs:application",
    "GROUNDWORK_LEASE_SECONDS": "3",
    "GROUNDWORK_CLAIM_SECONDS": "5",
    "GROUNDWORK_LIGHT_PLACES": "50",
    "GROUNDWORK_LIGHT_IDLE_SECONDS": "20",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    folder = tmp_path_factory.mktemp("light-hosts")
    ours = small_project(folder / "project", "contacts", "operations")
    project = {"GROUNDWORK_PROJECT": f"{ours},{PROJECT / 'tests/chaos/light_project'}"}
    with RunningStack(folder / "home", SETTINGS | project).running() as stack:
        yield stack


@pytest.fixture(autouse=True)
def running_stack(stack: RunningStack) -> None:
    stack.ensure_running()


class Load:
    """Events of one test, and what became of them."""

    def __init__(self, stack: RunningStack, folder: Path) -> None:
        self.stack, self.folder = stack, folder
        self.sent: list[UUID] = []

    def send(self, events: Sequence[Event]) -> list[UUID]:
        with self.stack.database.transaction() as connection:
            ids = [send(each, connection) for each in events]
        self.sent += ids
        return ids

    def walks(self, numbers: range, **fields: Any) -> list[UUID]:
        return self.send(
            [WalkWanted(workspace_id=ACME, number=each, folder=str(self.folder), **fields) for each in numbers]
        )

    def deliveries(self) -> list[Any]:
        with self.stack.database.transaction() as connection:
            return list(
                connection.execute(
                    text("SELECT * FROM groundwork.delivery WHERE event_id = ANY(:ids) ORDER BY sequence"),
                    {"ids": self.sent},
                )
            )

    def states(self) -> Counter[str]:
        return Counter(each.state for each in self.deliveries())

    def lines(self) -> list[list[str]]:
        log = self.folder / "log"
        return [line.split() for line in log.read_text().splitlines()] if log.exists() else []

    def executions(self) -> Counter[tuple[str, str]]:
        return Counter((number, part) for number, part, *_ in self.lines())

    def host(self) -> psutil.Process:
        """The process that has noted a step last."""
        return psutil.Process(int(wait_until(self.lines, 60)[-1][2]))

    def done(self, seconds: float = 90) -> list[Any]:
        wait_until(lambda: set(self.states()) == {"done"}, seconds, f"all to be done: {self.states()}")
        return self.deliveries()


@pytest.fixture
def load(stack: RunningStack, tmp_path: Path) -> Load:
    return Load(stack, tmp_path)


def live_hosts(stack: RunningStack) -> list[Any]:
    with stack.database.transaction() as connection:
        return list(
            connection.execute(
                text(
                    "SELECT * FROM groundwork.light_host WHERE ended_at IS NULL AND leaving_at IS NULL"
                    " AND lease_expires_at > clock_timestamp()"
                )
            )
        )


def test_one_flow_run_carries_many_deliveries_of_several_jobs(stack: RunningStack, load: Load):
    # One that is there from a test before may hand over to the next at any time.
    wait_until(lambda: not live_hosts(stack), 60, "the hosts to end")
    load.walks(range(30))
    load.send([CrawlWanted(workspace_id=ACME, number=100 + each, folder=str(load.folder)) for each in range(10)])
    done = load.done()
    assert len({each.flow_run_id for each in done}) == 1

    def named() -> dict[str, Any] | None:
        run: dict[str, Any] = stack.ask_prefect(f"/flow_runs/{done[0].flow_run_id}", method="GET")
        return run if run["name"].startswith("light-host/bulk/") else None

    assert wait_until(named, 30, what="the host's label")["state_type"] == "RUNNING"
    assert set(load.executions().values()) == {1}


def test_a_host_that_is_killed_loses_nothing_and_no_finished_step_is_done_again(load: Load):
    load.walks(range(50), seconds=0.4)
    wait_until(lambda: len(load.lines()) >= 75, 60, "half of the steps to have begun")
    killed = load.host()
    finished = set(finished_steps(load))
    killed.kill()
    done = load.done()
    assert max(load.executions().values()) <= 2
    assert all(load.executions()[each] == 1 for each in finished)
    assert {each.attempt for each in done} <= {1, 2}
    assert killed.pid not in {int(line[2]) for line in load.lines()[-10:]}


def finished_steps(load: Load) -> list[tuple[str, str]]:
    """Steps whose results are written down."""
    with load.stack.database.transaction() as connection:
        rows = connection.execute(
            text(
                "SELECT event.data ->> 'number' AS number, step_execution.result FROM groundwork.step_execution"
                " JOIN groundwork.delivery ON delivery.id = delivery_id JOIN groundwork.event ON event.id = event_id"
                " WHERE event_id = ANY(:ids)"
            ),
            {"ids": load.sent},
        )
        return [(row.number, row.result) for row in rows]


def test_a_host_that_is_stopped_for_longer_than_a_lease_writes_nothing_more(load: Load):
    load.walks(range(20), seconds=1.0)
    stopped = load.host()
    wait_until(lambda: load.states()["running"] == 20, 30)
    stopped.suspend()
    try:
        wait_until(lambda: {each.attempt for each in load.deliveries()} == {2}, 60, "others to have claimed")
    finally:
        stopped.resume()
    done = load.done()
    assert {each.attempt for each in done} == {2}
    assert max(load.executions().values()) <= 2


def test_a_step_that_holds_the_interpreter_loses_no_lease(load: Load):
    load.walks(range(10), seconds=0.5)
    load.walks(range(10, 11), trouble="hold")
    assert {each.attempt for each in load.done()} == {1}


def test_what_kills_its_host_twice_is_run_alone(stack: RunningStack, load: Load):
    [suspect] = load.walks(range(1), trouble="crash")
    load.walks(range(1, 11), seconds=0.3)
    wait_until(lambda: load.states()["done"] == 10, 120, "the others to be done")
    wait_until(lambda: load.states()["failed"] == 1, 120, "the suspect to use up its attempts")
    alone = [line for line in load.lines() if line[1] == "stumbles"]
    assert [line[3] for line in alone] == ["1", "2", "3", "4", "5"]
    # From the third attempt on, nothing else ran in its process.
    beside = {line[2] for line in load.lines() if line[1] != "stumbles"}
    assert not {line[2] for line in alone[2:]} & beside
    [delivery] = [each for each in load.deliveries() if each.event_id == suspect]
    assert delivery.deaths >= 2


def test_a_body_that_hangs_takes_no_other_with_it(load: Load):
    load.send([CrawlWanted(workspace_id=ACME, number=1, folder=str(load.folder), seconds=600)])
    host = load.host()
    load.walks(range(10, 20), seconds=0.2)
    wait_until(lambda: load.states()["done"] == 10, 60)
    wait_until(lambda: not host.is_running() or host.status() == psutil.STATUS_ZOMBIE, 60, "the host to end")
    [hung] = [each for each in load.deliveries() if each.state != "done"]
    assert "took longer than 2 s" in (hung.last_error or "")
    assert hung.deaths == 1
    with load.stack.database.transaction() as connection:
        cancellation.cancel(connection, event_id=load.sent[0])


def test_newer_code_gets_what_is_new_and_older_code_ends_what_it_has(stack: RunningStack, load: Load):
    load.walks(range(5), seconds=2.0)
    old = load.host()
    wait_until(lambda: load.states()["running"] == 5, 30)
    stack.part("worker").send_signal(signal.SIGHUP)
    wait_until(lambda: not any(host.flow_run_id == load.deliveries()[0].flow_run_id for host in live_hosts(stack)), 60)
    load.walks(range(5, 10))
    done = load.done()
    assert {each.attempt for each in done} == {1}
    assert len({each.flow_run_id for each in done[:5]}) == 1
    assert {each.flow_run_id for each in done[:5]}.isdisjoint({each.flow_run_id for each in done[5:]})
    wait_until(lambda: not old.is_running(), 30, "the old host to end")


def test_light_work_goes_on_while_prefect_is_away(stack: RunningStack, load: Load):
    load.walks(range(1))
    load.done()
    prefect = stack.part("prefect")
    prefect.suspend()
    try:
        with stack.database.transaction() as connection:
            # An ordinary run, which the relay goes on to ask Prefect for.
            ordinary = send(csv_import_confirmed(), connection)
        wait_until(lambda: delivery_of(stack.database, ordinary).state == "admitted", 30)
        load.walks(range(1, 20), seconds=0.1)
        load.done(60)
        assert delivery_of(stack.database, ordinary).posted_at is None
    finally:
        prefect.resume()
    assert {each.attempt for each in load.deliveries()} == {1}


def test_light_work_goes_on_after_the_database_was_away(stack: RunningStack, load: Load):
    load.walks(range(20), seconds=0.5)
    load.host()
    stack.kill_part("postgres")
    wait_until(stack.is_ready, 60)
    load.done(120)
    assert max(load.executions().values()) <= 2


def test_a_delivery_that_is_cancelled_begins_no_further_step_and_its_host_goes_on(stack: RunningStack, load: Load):
    cancelled, *_ = load.walks(range(3), seconds=4.0)
    host = load.host()
    wait_until(lambda: load.states()["running"] == 3, 30)
    with stack.database.transaction() as connection:
        cancellation.cancel(connection, event_id=cancelled)
    wait_until(lambda: load.states()["done"] == 2, 60)
    assert load.states()["cancelled"] == 1
    assert load.executions()["0", "3"] == 0
    assert host.is_running()


def test_interactive_light_work_has_a_host_of_its_own(load: Load):
    load.walks(range(5), seconds=3.0)
    load.host()
    load.send([AlertWanted(workspace_id=ACME, number=100, folder=str(load.folder))])
    wait_until(lambda: load.states()["done"] == 1, 30)
    [alert] = [each for each in load.deliveries() if each.state == "done"]
    assert alert.job == "light-alert"
    assert alert.flow_run_id not in {each.flow_run_id for each in load.deliveries() if each.job == "light-walk"}
    load.done()


def test_a_host_that_has_nothing_to_do_ends(stack: RunningStack, load: Load):
    load.walks(range(1))
    [done] = load.done()
    wait_until(lambda: not live_hosts(stack), 60, "the hosts to end")

    def ended() -> bool:
        return stack.ask_prefect(f"/flow_runs/{done.flow_run_id}", method="GET")["state_type"] == "COMPLETED"

    wait_until(ended, 30)
