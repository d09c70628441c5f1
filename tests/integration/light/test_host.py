"""A host runs what is admitted, side by side and fairly, and ends as it should. Prefect is needed to start it only."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.blocks.errors import Interrupted
from groundwork.blocks.process_cache import forget
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import cancellation, event_status, send, send_many
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run, claim
from groundwork.events.inbox.hosts import ask_for_hosts, begin_host
from groundwork.events.inbox.light_claim import claim_admitted
from groundwork.flows import light_host, light_watch
from groundwork.flows.light_host import Host
from groundwork.flows.registry import jobs
from tests import factories
from tests.factories import delivery_of, scalar
from tests.integration.light import light_jobs
from tests.integration.light.light_jobs import BellWanted, CallWanted, HangWanted, NoteWanted
from tests.waiting import wait_until


class HostThread:
    """A host in a thread of this process."""

    def __init__(self, job: str, delivery_id: UUID) -> None:
        self.id = uuid4()
        host = Host.asked_for(jobs()[job], self.id, delivery_id)
        assert host is not None
        self.host = host
        self.ended: Any = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self.ended = self.host.run()

    def end(self) -> None:
        self.host._stop()
        self._thread.join(20)


Start = Callable[[], HostThread]


@pytest.fixture(autouse=True)
def settings_of_hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GROUNDWORK_LIGHT_PLACES", "8")
    monkeypatch.setenv("GROUNDWORK_LIGHT_IDLE_SECONDS", "30")
    # The process is that of all tests: what it has used does not end its hosts.
    monkeypatch.setenv("GROUNDWORK_LIGHT_HOST_MEGABYTES", "1000000")
    forget()
    light_jobs.calls.clear()
    light_jobs.gates.clear()
    light_jobs.troubles.clear()
    yield
    for gate in light_jobs.gates.values():
        gate.set()
    monkeypatch.undo()
    forget()


@pytest.fixture
def relay(light: Database) -> Iterator[None]:
    """Admits, as the relay does."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.02):
            admit(4)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join(10)


@pytest.fixture
def start(light: Database) -> Iterator[Start]:
    """Start the host that is wanted."""
    started: list[HostThread] = []

    def make() -> HostThread:
        [wanted] = wait_until(ask_for_hosts, 10, "a host is wanted")
        started.append(HostThread(wanted.job, wanted.id))
        return started[-1]

    yield make
    for each in started:
        each.end()


def states(db: Database) -> dict[str, int]:
    with db.transaction() as connection:
        rows = connection.execute(text("SELECT state, count(*) FROM groundwork.delivery GROUP BY state"))
        return {row.state: row.count for row in rows}


def note(number: int, workspace: str = "acme", **fields: Any) -> UUID:
    return send(NoteWanted(workspace_id=WorkspaceId(workspace), number=number, **fields))


def test_what_its_steps_did_is_part_of_a_deliverys_status(light, relay, start):
    def fail() -> None:
        if light_jobs.calls.count("1-second") < 2:
            raise ConnectionError("away")

    light_jobs.troubles["1-second"] = fail
    event_id = note(1)
    start()
    wait_until(lambda: states(light) == {"done": 1}, 20)
    with light.transaction() as connection:
        [delivery] = event_status(connection, event_id).deliveries
    assert [(each.step, each.attempt, each.tries, each.error) for each in delivery.steps] == [
        ("write-note", 1, 1, None),
        ("write-note", 1, 2, None),
    ]
    assert delivery.steps[0].ended_at <= delivery.steps[1].began_at
    assert delivery.trace["claimedAt"] <= delivery.trace["firstStepAt"] <= delivery.trace["settledAt"]


def test_a_step_that_fails_for_good_fails_its_delivery_alone(light, relay, start):
    def fail() -> None:
        raise ConnectionError("away")

    light_jobs.troubles["1-second"] = fail
    failed, done = note(1), note(2, "other")
    start()
    wait_until(lambda: states(light) == {"done": 1, "failed": 1}, 20)
    assert delivery_of(light, failed).last_error == "ConnectionError: away"
    assert delivery_of(light, done).result == ["2-first", "2-second"]
    with light.transaction() as connection:
        steps = event_status(connection, failed).deliveries[0].steps
    assert [(each.tries, each.error) for each in steps] == [(1, None), (3, "ConnectionError: away")]


def test_one_workspace_with_a_long_queue_does_not_hold_up_the_others(light, relay, start):
    with light.transaction() as connection:
        connection.execute(text("UPDATE groundwork.job SET lane_limit = 1000"))
    send_many([NoteWanted(workspace_id=WorkspaceId("long"), number=each) for each in range(600)])
    send_many([NoteWanted(workspace_id=WorkspaceId(f"w{each % 50}"), number=each) for each in range(250)])
    start()
    wait_until(lambda: states(light) == {"done": 850}, 120)
    before = scalar(
        light,
        "SELECT count(*) FROM groundwork.delivery WHERE workspace_id = 'long' AND claimed_at < ("
        "SELECT max(claimed_at) FROM groundwork.delivery WHERE workspace_id <> 'long')",
    )
    assert before < 100


def test_the_host_of_interactive_jobs_waits_for_no_relay(light, start):
    first = send(BellWanted(workspace_id=WorkspaceId("acme"), number=1))
    admit(4)
    start()
    wait_until(lambda: delivery_of(light, first).state == "done", 20)
    note(2)
    second = send(BellWanted(workspace_id=WorkspaceId("acme"), number=3))
    wait_until(lambda: delivery_of(light, second).state == "done", 20)
    assert states(light) == {"done": 2, "queued": 1}


@pytest.fixture
def call(light) -> UUID:
    """The delivery of an interactive run that has been admitted, and has not begun."""
    factories.register_job(light, "answer-call", CallWanted.event_name, interactive=True)
    event_id = send(CallWanted(workspace_id=WorkspaceId("bolt")))
    admit(4)
    return delivery_of(light, event_id).id


def test_a_host_of_bulk_jobs_rests_while_an_interactive_run_starts(light, relay, start, call, monkeypatch):
    monkeypatch.setattr(light_host, "REST_SECONDS", 1_000.0)
    looks: list[int] = []

    def looked(*args: Any, **options: Any) -> Any:
        found = claim_admitted(*args, **options)
        looks.append(len(found))
        return found

    monkeypatch.setattr(light_host, "claim_admitted", looked)
    note(1)
    start()
    wait_until(lambda: states(light) == {"done": 1, "admitted": 1}, 20)
    for each in range(2, 8):
        note(each, f"w{each}")
    wait_until(lambda: states(light) == {"done": 1, "admitted": 7}, 20)
    looks.clear()
    wait_until(lambda: len(looks) > 1, 20, "the host looks again")
    assert states(light) == {"done": 1, "admitted": 7}
    claim(call, Run(flow_run_id=uuid4()))
    wait_until(lambda: states(light) == {"done": 7, "running": 1}, 20)


@pytest.mark.usefixtures("call")
def test_it_gets_on_though_the_interactive_run_never_begins(light, relay, start):
    for each in range(30):
        note(each, f"w{each}")
    start()
    wait_until(lambda: states(light) == {"done": 30, "admitted": 1}, 60)


@pytest.mark.usefixtures("call")
def test_the_host_of_interactive_jobs_rests_for_nobody(light, relay, start, monkeypatch):
    monkeypatch.setattr(light_host, "REST_SECONDS", 1_000.0)
    for each in range(20):
        send(BellWanted(workspace_id=WorkspaceId(f"w{each}"), number=each))
    start()
    wait_until(lambda: states(light) == {"done": 20, "admitted": 1}, 20)


def test_a_lane_holds_within_a_host(light, relay, start):
    light_jobs.gates["1-first"] = threading.Event()
    first = note(1)
    note(2)
    note(3, "other")
    start()
    wait_until(lambda: "3-second" in light_jobs.calls, 20)
    time.sleep(0.3)
    assert "2-first" not in light_jobs.calls
    light_jobs.gates["1-first"].set()
    wait_until(lambda: states(light) == {"done": 3}, 20)
    assert delivery_of(light, first).attempt == 1


def test_a_cancelled_delivery_begins_no_further_step(light, relay, start):
    light_jobs.gates["1-first"] = threading.Event()
    event_id = note(1)
    start()
    wait_until(lambda: "1-first" in light_jobs.calls, 20)
    with light.transaction() as connection:
        cancellation.cancel(connection, event_id=event_id)
    light_jobs.gates["1-first"].set()
    note(2)
    wait_until(lambda: states(light) == {"done": 1, "cancelled": 1}, 20)
    assert "1-second" not in light_jobs.calls


def test_a_host_that_is_stopped_gives_back_what_does_not_end(light, relay, start, monkeypatch):
    monkeypatch.setattr(light_host, "STOP_SECONDS", 0.5)
    light_jobs.gates["1-first"] = threading.Event()
    event_id = note(1)
    host = start()
    wait_until(lambda: "1-first" in light_jobs.calls, 20)
    host.end()
    assert host.ended.is_failed()
    left = delivery_of(light, event_id)
    assert (left.state in ("queued", "admitted"), left.deaths) == (True, 0)
    assert "its host ended. It was told to stop." in left.last_error
    light_jobs.gates["1-first"].set()
    start()
    wait_until(lambda: states(light) == {"done": 1}, 20)
    # What the first attempt was at was not written down, and is done again; once.
    assert light_jobs.calls == ["1-first", "1-first", "1-second"]


def test_a_body_that_hangs_ends_its_host_and_counts_as_dead(light, relay, start, monkeypatch):
    monkeypatch.setattr(light_watch, "HANG_SECONDS", 1.0)
    event_id = send(HangWanted(workspace_id=WorkspaceId("acme")))
    note(2, "other")
    host = start()
    wait_until(lambda: host.ended is not None, 30)
    hung = delivery_of(light, event_id)
    assert (hung.deaths, hung.state in ("queued", "admitted")) == (1, True)
    assert "took longer than 2 s" in hung.last_error
    assert states(light)["done"] == 1
    start()
    wait_until(lambda: delivery_of(light, event_id).deaths == 2, 40)
    wait_until(lambda: delivery_of(light, event_id).state == "admitted", 10)
    assert claim_admitted(uuid4(), ["light-hang"], 5) == []


def test_a_host_hands_over_when_it_had_its_time(light, relay, start, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_LIGHT_HOST_SECONDS", "1")
    forget()
    note(1)
    first = start()
    light_jobs.gates["2-first"] = threading.Event()
    note(2, "other")
    wait_until(lambda: scalar(light, "SELECT count(*) FROM groundwork.light_host WHERE leaving_at IS NOT NULL"), 20)
    monkeypatch.setenv("GROUNDWORK_LIGHT_HOST_SECONDS", "100")
    forget()
    # The first goes on until another one is there.
    note(3, "third")
    wait_until(lambda: "3-second" in light_jobs.calls, 20)
    second = uuid4()
    with light.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO groundwork.light_host (interactive, delivery_id, dispatches)"
                " SELECT false, id, 1 FROM groundwork.delivery LIMIT 1"
            )
        )
    begin_host(second, scalar(light, "SELECT delivery_id FROM groundwork.light_host ORDER BY id DESC"), ["light-note"])
    light_jobs.gates["2-first"].set()
    wait_until(lambda: first.ended is not None, 20)
    assert first.ended.is_completed()
    assert "It had its 1 s" in first.ended.message


def test_a_host_ends_when_it_has_nothing_to_do(light, relay, start, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_LIGHT_IDLE_SECONDS", "0.5")
    forget()
    note(1)
    host = start()
    wait_until(lambda: host.ended is not None, 20)
    assert host.ended.is_completed()
    assert host.ended.message == "1 delivery. It had nothing to do."
    note(2)
    start()
    wait_until(lambda: states(light) == {"done": 2}, 20)


def test_a_host_ends_after_a_deploy(light, relay, start):
    note(1)
    host = start()
    wait_until(lambda: states(light) == {"done": 1}, 20)
    time.sleep(1.5)
    with light.transaction() as connection:
        connection.execute(text("UPDATE groundwork.job SET updated_at = clock_timestamp()"))
    wait_until(lambda: host.ended is not None, 20)
    assert "deployed" in host.ended.message


def test_a_claim_whose_answer_was_lost_is_given_back(light, relay, start):
    note(1)
    host = start()
    wait_until(lambda: states(light) == {"done": 1}, 20)
    with light.transaction() as connection:
        connection.execute(text("UPDATE groundwork.job SET paused = true"))
    event_id = note(2)
    with light.transaction() as connection:
        connection.execute(
            text(
                "UPDATE groundwork.delivery SET state = 'running', attempt = 1, flow_run_id = :host, dispatches = 1,"
                " claimed_at = clock_timestamp() - interval '1 minute',"
                " lease_expires_at = clock_timestamp() + interval '1 hour' WHERE event_id = :event"
            ),
            {"host": host.id, "event": event_id},
        )
        connection.execute(text("UPDATE groundwork.job SET paused = false"))
    wait_until(lambda: states(light) == {"done": 2}, 20)
    assert delivery_of(light, event_id).attempt == 2


def test_the_places_of_a_host_bound_what_runs_at_once(light, relay, start):
    for each in range(20):
        light_jobs.gates[f"{each}-first"] = threading.Event()
        note(each, f"w{each}")
    start()
    wait_until(lambda: len(light_jobs.calls) == 8, 20)
    time.sleep(0.5)
    assert len(light_jobs.calls) == 8
    for gate in light_jobs.gates.values():
        gate.set()
    wait_until(lambda: states(light) == {"done": 20}, 20)


def test_a_step_that_takes_too_long_fails_in_a_thread_too(light, relay, start):
    event_id = note(1, text="dawdle")
    start()
    wait_until(lambda: states(light) == {"failed": 1}, 20)
    assert "TimeoutError" in delivery_of(light, event_id).last_error


def test_only_so_many_steps_of_a_workspace_call_a_provider_at_once(light, relay, start):
    note(1, text="ask")
    start()
    wait_until(lambda: states(light) == {"done": 1}, 20)
    at_once = most = 0
    for call in light_jobs.calls:
        at_once += call.startswith("begin") - call.startswith("end")
        most = max(most, at_once)
    assert most == 2


def test_a_large_result_is_found_in_the_blob_store_by_the_next_attempt(light, relay, start, monkeypatch):
    def interrupt() -> None:
        if light_jobs.calls.count("1-second") <= 3:
            raise Interrupted

    light_jobs.troubles["1-second"] = interrupt
    event_id = note(1, text="much")
    start()
    wait_until(lambda: states(light) == {"done": 1}, 20)
    assert delivery_of(light, event_id).attempt == 2
    assert light_jobs.calls.count("much") == 1
    assert delivery_of(light, event_id).result[0] == "100000"
