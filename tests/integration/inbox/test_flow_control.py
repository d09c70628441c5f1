"""What ``@job`` says of when deliveries run, held by the inbox: batch, debounce, throttle and the others."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from blocks.database import Database
from blocks.errors import StaleAttempt
from deployments.deploy import register_job
from deployments.relay.admission import admit, seconds_until_next, tidy
from events.base import Event
from events.identifiers import WorkspaceId
from events.inbox import Attempt, NewEvent, accept, claim, once, send
from events.inbox.claim import Run
from flows.flow_control import Batch, CancelOn, Debounce, FlowControl, Idempotency, Singleton, Throttle
from flows.registry import JobSpec
from tests.factories import delivery_of, flow_run_id, scalar


class LeadScored(Event, name="test/lead.scored"):
    lead_id: str
    score: int = 0


class LeadLost(Event, name="test/lead.lost"):
    lead_id: str


def register(db: Database, *, lane: int = 1, ordered: bool = False, interactive: bool = False,
             name: str = "alert-agent", priority: int = 0, **options: Any) -> None:  # fmt: skip
    control = FlowControl(**options)
    control.check(LeadScored)
    spec = JobSpec(
        name=name,
        on=LeadScored,
        lane=lane,
        priority=priority,
        interactive=interactive,
        ordered=ordered,
        max_attempts=5,
        flow_control=control,
        on_failure=None,
    )
    with db.transaction() as connection:
        register_job(connection, spec)


def scored(lead: str = "ann", score: int = 0, workspace: str = "acme", **options: Any) -> UUID:
    return send(LeadScored(workspace_id=WorkspaceId(workspace), lead_id=lead, score=score), **options)


def admitted(capacity: int = 100) -> list[UUID]:
    return [each.event_id for each in admit(capacity)]


def start(db: Database, event_id: UUID) -> Attempt:
    attempt = claim(delivery_of(db, event_id).id, Run(flow_run_id=flow_run_id()))
    assert attempt is not None
    return attempt


def time_passes(db: Database, seconds: float) -> None:
    """Let every unsettled delivery be this much older, instead of waiting."""
    with db.transaction() as connection:
        connection.execute(
            text(
                "UPDATE groundwork.delivery SET accepted_at = accepted_at - i, not_before = not_before - i,"
                " debounced_since = debounced_since - i, expires_at = expires_at - i"
                " FROM (SELECT make_interval(secs => :seconds) AS i) AS step WHERE settled_at IS NULL"
            ),
            {"seconds": seconds},
        )
        for table, column in (("throttle_start", "started_at"), ("idempotency", "expires_at")):
            connection.execute(
                text(f"UPDATE groundwork.{table} SET {column} = {column} - make_interval(secs => :seconds)"),
                {"seconds": seconds},
            )


def states(db: Database) -> list[str]:
    with db.transaction() as connection:
        return list(connection.execute(text("SELECT state FROM groundwork.delivery ORDER BY sequence")).scalars())


@pytest.fixture
def batches(db) -> Iterator[Database]:
    register(db, batch=Batch(size=3, wait=2))
    return db


class TestBatch:
    def test_a_full_batch_is_one_run_and_the_rest_waits_for_more(self, batches):
        events = [scored(score=n) for n in range(4)]
        assert admitted() == [events[0]]
        assert states(batches) == ["admitted"] * 3 + ["queued"]

    def test_a_batch_that_does_not_fill_up_starts_when_its_oldest_has_waited(self, batches):
        first, _ = scored(), scored()
        assert admitted() == []
        assert seconds_until_next() == 1.0
        time_passes(batches, 2)
        assert admitted() == [first]

    def test_workspaces_do_not_share_batches(self, batches):
        for workspace in ("acme", "bolt", "acme", "bolt"):
            scored(workspace=workspace)
        assert admitted() == []
        time_passes(batches, 2)
        assert len(admitted()) == 2

    def test_a_batch_takes_one_place_of_the_lane_and_of_the_capacity(self, db):
        register(db, batch=Batch(size=2, wait=0), lane=2)
        for _ in range(8):
            scored()
        assert len(admitted(capacity=1)) == 1
        assert len(admitted(capacity=10)) == 1
        assert admitted(capacity=10) == []

    def test_its_run_gets_the_events_in_order_and_gives_each_its_outcome(self, batches):
        events = [scored(score=n) for n in range(3)]
        admitted()
        attempt = start(batches, events[0])
        assert [member.event.score for member in attempt.members] == [0, 1, 2]
        attempt.settle_each([{"sent": 1}, ValueError("no such agent"), None])
        assert [delivery_of(batches, each).state for each in events] == ["done", "failed", "done"]
        assert delivery_of(batches, events[1]).last_error == "ValueError: no such agent"
        assert delivery_of(batches, events[0]).result == {"sent": 1}

    def test_only_its_first_delivery_can_be_claimed(self, batches):
        events = [scored() for _ in range(3)]
        admitted()
        assert claim(delivery_of(batches, events[1]).id, Run(flow_run_id=flow_run_id())) is None

    def test_a_later_attempt_fences_the_whole_batch(self, batches):
        events = [scored() for _ in range(3)]
        admitted()
        stale = start(batches, events[0])
        with batches.transaction() as connection:
            connection.execute(
                text("UPDATE groundwork.delivery SET lease_expires_at = now() WHERE lease_expires_at IS NOT NULL")
            )
        start(batches, events[0]).settle()
        with pytest.raises(StaleAttempt):
            stale.settle()
        assert states(batches) == ["done"] * 3

    def test_a_batch_that_is_queued_again_stays_together(self, batches):
        events = [scored() for _ in range(5)]
        admitted()
        with batches.transaction() as connection:
            connection.execute(text("UPDATE groundwork.delivery SET state = 'queued' WHERE batch_id IS NOT NULL"))
        assert admitted() == [events[0]]
        assert [member.event_id for member in start(batches, events[0]).members] == events[:3]


class TestDebounce:
    def test_the_last_event_runs_and_the_others_name_it(self, db):
        register(db, debounce=Debounce(seconds=5, key="lead_id"))
        events = [scored(score=n) for n in range(3)]
        assert admitted() == []
        time_passes(db, 5)
        assert admitted() == [events[2]]
        assert states(db) == ["cancelled", "cancelled", "admitted"]
        assert delivery_of(db, events[0]).superseded_by == delivery_of(db, events[2]).id

    def test_an_event_within_the_quiet_time_puts_the_run_off(self, db):
        register(db, debounce=Debounce(seconds=5))
        scored()
        time_passes(db, 3)
        last = scored()
        time_passes(db, 3)
        assert admitted() == []
        time_passes(db, 2)
        assert admitted() == [last]

    def test_other_keys_and_workspaces_do_not_count(self, db):
        register(db, debounce=Debounce(seconds=5, key="lead_id"), lane=5)
        events = {scored("ann"), scored("bob"), scored("ann", workspace="bolt")}
        time_passes(db, 5)
        assert set(admitted()) == events

    def test_events_without_a_pause_run_after_the_longest_time(self, db):
        register(db, debounce=Debounce(seconds=5, longest=10))
        for _ in range(3):
            scored()
            time_passes(db, 3)
            assert admitted() == []
        last = scored()
        time_passes(db, 1)
        assert admitted() == [last]
        assert states(db).count("cancelled") == 3

    def test_the_relay_is_told_when_it_is_due(self, db):
        register(db, debounce=Debounce(seconds=5))
        scored()
        assert 4 < seconds_until_next() <= 5


class TestThrottle:
    def test_no_more_start_than_the_limit_per_period_and_the_others_wait(self, db):
        register(db, throttle=Throttle(limit=2, period=60), lane=10)
        events = [scored() for _ in range(5)]
        assert admitted() == events[:2]
        assert admitted() == []
        time_passes(db, 60)
        assert admitted() == events[2:4]

    def test_each_workspace_has_its_own(self, db):
        register(db, throttle=Throttle(limit=1, period=60), lane=10)
        for workspace in ("acme", "bolt", "acme"):
            scored(workspace=workspace)
        assert len(admitted()) == 2

    def test_starts_that_do_not_count_any_more_are_forgotten(self, db):
        register(db, throttle=Throttle(limit=1, period=60))
        scored()
        admitted()
        tidy()
        assert scalar(db, "SELECT count(*) FROM groundwork.throttle_start") == 1
        time_passes(db, 61)
        tidy()
        assert scalar(db, "SELECT count(*) FROM groundwork.throttle_start") == 0


class TestExpires:
    def test_what_was_not_started_in_time_is_dropped_and_says_so(self, db):
        register(db, expires=30)
        first, second = scored(), scored()
        assert admitted() == [first]
        time_passes(db, 30)
        start(db, first).settle()
        assert admitted() == []
        dropped = delivery_of(db, second)
        assert dropped.state == "cancelled"
        assert dropped.last_error.startswith("Expired: not started by ")

    def test_a_start_in_the_future_counts_from_then(self, db):
        register(db, expires=30)
        event = scored(occurred_at=datetime.now(UTC) + timedelta(seconds=100))
        time_passes(db, 110)
        assert admitted() == [event]


class TestIdempotency:
    def test_of_events_with_one_key_the_first_runs_and_the_others_name_it(self, db):
        register(db, idempotency=Idempotency(key="lead_id"), lane=9)
        first, second, other = scored("ann"), scored("ann"), scored("bob")
        assert admitted() == [first, other]
        assert delivery_of(db, second).state == "cancelled"
        assert delivery_of(db, second).superseded_by == delivery_of(db, first).id

    def test_it_holds_within_one_request(self, db):
        register(db, idempotency=Idempotency(key="lead_id"), lane=9)
        events = [
            NewEvent.of(LeadScored(workspace_id=WorkspaceId("acme"), lead_id="ann"), source="test") for _ in range(3)
        ]
        with db.transaction() as connection:
            accept(connection, events)
        assert states(db) == ["queued", "cancelled", "cancelled"]

    def test_a_key_is_forgotten_after_its_time(self, db):
        register(db, idempotency=Idempotency(key="lead_id", seconds=60), lane=9)
        scored("ann")
        time_passes(db, 61)
        scored("ann")
        assert states(db) == ["queued", "queued"]
        time_passes(db, 61)
        tidy()
        assert scalar(db, "SELECT count(*) FROM groundwork.idempotency") == 0

    def test_other_workspaces_have_other_keys(self, db):
        register(db, idempotency=Idempotency(key="lead_id"))
        assert {scored("ann"), scored("ann", workspace="bolt")} == set(admitted())


class TestSingleton:
    def test_the_next_of_a_key_waits_and_lets_other_keys_pass(self, db):
        register(db, singleton=Singleton(key="lead_id"), lane=9)
        first, second, other = scored("ann"), scored("ann"), scored("bob")
        assert admitted() == [first, other]
        start(db, first).settle()
        assert admitted() == [second]

    def test_keys_together_take_no_more_than_the_lane(self, db):
        register(db, singleton=Singleton(key="lead_id"), lane=2)
        for lead in ("ann", "bob", "cid"):
            scored(lead)
        assert len(admitted()) == 2

    def test_one_that_finds_another_unfinished_is_dropped_where_the_job_says_so(self, db):
        register(db, singleton=Singleton(key="lead_id", mode="skip"), lane=9)
        first = scored("ann")
        assert admitted() == [first]
        second, other = scored("ann"), scored("bob")
        assert admitted() == [other]
        assert delivery_of(db, second).superseded_by == delivery_of(db, first).id
        start(db, first).settle()
        again = scored("ann")
        assert admitted() == [again]


class TestCancelOn:
    @pytest.fixture(autouse=True)
    def job(self, db):
        register(db, cancel_on=CancelOn(event=LeadLost, key="lead_id"), lane=9)

    def test_queued_and_later_deliveries_of_the_key_are_cancelled(self, db):
        scored("ann")
        scored("ann", occurred_at=datetime.now(UTC) + timedelta(hours=1))
        other, elsewhere = scored("bob"), scored("ann", workspace="bolt")
        lost = send(LeadLost(workspace_id=WorkspaceId("acme"), lead_id="ann"))
        assert states(db) == ["cancelled", "cancelled", "queued", "queued"]
        assert str(lost) in scalar(db, "SELECT last_error FROM groundwork.delivery ORDER BY sequence LIMIT 1")
        assert admitted() == [other, elsewhere]

    def test_a_running_one_can_write_nothing_more_and_its_run_is_marked_to_be_cancelled(self, db):
        event = scored("ann")
        admitted()
        attempt = start(db, event)
        send(LeadLost(workspace_id=WorkspaceId("acme"), lead_id="ann"))
        with pytest.raises(StaleAttempt), once(attempt, "alert", "1") as entry:
            entry.result = "sent"
        with pytest.raises(StaleAttempt):
            attempt.settle()
        assert delivery_of(db, event).run_to_cancel

    def test_events_after_it_are_not_cancelled_not_even_of_the_same_request(self, db):
        acme = WorkspaceId("acme")
        events = [
            LeadScored(workspace_id=acme, lead_id="ann"),
            LeadLost(workspace_id=acme, lead_id="ann"),
            LeadScored(workspace_id=acme, lead_id="ann"),
        ]
        with db.transaction() as connection:
            accept(connection, [NewEvent.of(event, source="test") for event in events])
        assert states(db) == ["cancelled", "queued"]


class TestOrder:
    def test_one_that_waits_for_its_next_attempt_keeps_those_behind_it_waiting(self, db):
        register(db, ordered=True)
        first, second = scored(), scored()
        assert admitted() == [first]
        with db.transaction() as connection:
            connection.execute(
                text(
                    "UPDATE groundwork.delivery SET state = 'queued', not_before = clock_timestamp() + interval '9 s'"
                    " WHERE event_id = :id"
                ),
                {"id": first},
            )
        assert admitted() == []
        time_passes(db, 9)
        assert admitted() == [first]
        start(db, first).settle()
        assert admitted() == [second]

    def test_a_wider_lane_of_one_workspace_does_not_loosen_it(self, db):
        register(db, ordered=True)
        with db.transaction() as connection:
            connection.execute(
                text(
                    "INSERT INTO groundwork.lane_override (workspace_id, job, lane_limit)"
                    " VALUES ('acme', 'alert-agent', 5)"
                )
            )
        for _ in range(2):
            scored()
        assert len(admitted()) == 1


class TestFairShares:
    def test_a_share_is_kept_for_interactive_jobs(self, db):
        register(db, lane=9)
        register(db, name="hot-lead", lane=9, interactive=True)
        with db.transaction() as connection:
            connection.execute(text("UPDATE groundwork.job SET paused = true WHERE name = 'hot-lead'"))
        for _ in range(6):
            scored()
        assert len(admitted(capacity=4)) == 3
        with db.transaction() as connection:
            connection.execute(text("UPDATE groundwork.job SET paused = false WHERE name = 'hot-lead'"))
        assert len(admitted(capacity=4)) == 1

    def test_where_no_job_is_interactive_nothing_is_kept(self, db):
        register(db, lane=9)
        for _ in range(6):
            scored()
        assert len(admitted(capacity=4)) == 4

    def test_the_workspace_that_holds_least_goes_first(self, db):
        register(db, lane=9)
        for _ in range(3):
            scored(workspace="acme")
        assert len(admitted(capacity=2)) == 2
        bolt = scored(workspace="bolt")
        assert admitted(capacity=3) == [bolt]

    def test_workspaces_take_turns_however_much_one_has_queued(self, db):
        register(db)
        for _ in range(20):
            scored(workspace="acme")
        for workspace in ("bolt", "core", "dune"):
            for _ in range(3):
                scored(workspace=workspace)
        order = []
        for _ in range(8):
            [one] = admit(capacity=1)
            order.append(one.workspace_id)
            start(db, one.event_id).settle()
        assert sorted(order[:4]) == sorted(order[4:]) == ["acme", "bolt", "core", "dune"]

    def test_a_heavier_workspace_gets_more_turns(self, db):
        register(db)
        with db.transaction() as connection:
            connection.execute(
                text("INSERT INTO groundwork.lane_override (workspace_id, job, weight) VALUES ('acme','alert-agent',3)")
            )
        for _ in range(20):
            scored(workspace="acme")
            scored(workspace="bolt")
        order = []
        for _ in range(16):
            [one] = admit(capacity=1)
            order.append(one.workspace_id)
            start(db, one.event_id).settle()
        assert order.count("acme") == 12

    def test_a_workspace_that_was_idle_has_no_claim_on_the_past(self, db):
        register(db)
        scored(workspace="bolt")
        start(db, admitted(1)[0]).settle()
        for _ in range(10):
            scored(workspace="acme")
            start(db, admitted(1)[0]).settle()
        for _ in range(4):
            scored(workspace="acme")
            scored(workspace="bolt")
        order = []
        for _ in range(6):
            [one] = admit(capacity=1)
            order.append(one.workspace_id)
            start(db, one.event_id).settle()
        assert order.count("bolt") in (3, 4)
        tidy()


class TestManyLanes:
    def test_an_admission_walks_some_lanes_and_the_next_goes_on_from_there(self, db, monkeypatch):
        monkeypatch.setattr("deployments.relay.admission.LANES_AT_ONCE", 2)
        register(db)
        workspaces = ["acme", "bolt", "core", "dune", "echo"]
        for workspace in workspaces:
            scored(workspace=workspace)
        rounds = [[each.workspace_id for each in admit(capacity=100)] for _ in range(3)]
        assert rounds == [workspaces[:2], workspaces[2:4], workspaces[4:]]
        assert seconds_until_next() is None

    def test_the_relay_does_not_sleep_in_the_middle_of_a_walk(self, db, monkeypatch):
        monkeypatch.setattr("deployments.relay.admission.LANES_AT_ONCE", 1)
        register(db)
        scored(workspace="acme")
        scored(workspace="bolt")
        admit(capacity=100)
        assert seconds_until_next() == 0
