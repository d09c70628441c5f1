"""Limits beyond one lane: by key, over several jobs, by rate, and priority by a field. The strictest of them wins."""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import NewEvent, accept, claim, event_status
from groundwork.events.inbox.admission import admit, seconds_until_next, tidy
from groundwork.events.inbox.claim import Run, claim_started_by_person
from groundwork.events.inbox.dead_letters import dead_letters, replay
from groundwork.events.inbox.lanes import lanes
from groundwork.flows.flow_control import Batch, Debounce, Lane, Pool, Priority, RateLimit, Singleton, Throttle
from tests.factories import delivery_of, flow_run_id, scalar, set_lane_apart
from tests.integration.inbox.scored_leads import (
    LeadScored,
    admitted,
    register,
    scored,
    start,
    states,
    time_passes,
)

MODES = ("ordinary", "light")


def all_admitted(capacity: int = 100) -> list[UUID]:
    """What the relay admits until nothing more may run."""
    found: list[UUID] = []
    while now := admitted(capacity):
        found += now
    return found


def lane_of(db, workspace: str = "acme"):
    with db.transaction() as connection:
        found = lanes(connection)
    [lane] = [each for each in found if (each.workspace_id, each.job) == (workspace, "alert-agent")]
    return lane


class TestLaneByKey:
    def test_each_value_has_its_own_and_none_waits_behind_another(self, db):
        register(db, lane=Lane(1, key="lead_id"))
        ann = [scored("ann") for _ in range(300)]
        bob, cid = scored("bob"), scored("cid")
        assert set(all_admitted()) == {ann[0], bob, cid}
        start(db, ann[0]).settle()
        assert all_admitted() == [ann[1]]

    def test_the_workspace_s_lane_holds_beside_it_and_a_blocked_key_takes_no_place_of_it(self, db):
        register(db, lane=(3, Lane(1, key="lead_id")))
        ann = [scored("ann") for _ in range(5)]
        others = [scored(name) for name in ("bob", "cid", "dan")]
        assert set(all_admitted()) == {ann[0], *others[:2]}
        start(db, others[0]).settle()
        assert all_admitted() == [others[2]]
        assert lane_of(db).limit == 3

    def test_two_keys_at_once_hold_both(self, db):
        register(db, lane=(Lane(1, key="lead_id"), Lane(2, key="email")))
        first, _, third, fourth = (
            scored(lead, email=email) for lead, email in (("ann", "x"), ("ann", "y"), ("bob", "x"), ("cid", "x"))
        )
        assert set(all_admitted()) == {first, third}
        start(db, first).settle()
        assert len(all_admitted()) == 2
        assert states(db) == ["done", "admitted", "admitted", "admitted"]
        assert delivery_of(db, fourth).state == "admitted"

    def test_other_workspaces_and_jobs_have_their_own(self, db):
        register(db, lane=Lane(1, key="lead_id"))
        register(db, name="other", lane=Lane(1, key="lead_id"))
        scored("ann"), scored("ann", workspace="bolt")
        assert len(all_admitted()) == 4

    @pytest.mark.parametrize("email", [None, ""])
    def test_events_without_the_key_are_not_limited_by_it(self, db, email):
        register(db, lane=(4, Lane(1, key="email")))
        events = [scored(email=email) for _ in range(5)]
        assert all_admitted() == events[:4]

    def test_a_lane_set_apart_by_an_operator_holds_beside_it(self, db):
        register(db, lane=(5, Lane(1, key="lead_id")))
        set_lane_apart(db, "acme", job="alert-agent", limit=2)
        for name in ("ann", "ann", "bob", "cid"):
            scored(name)
        assert len(all_admitted()) == 2

    def test_a_batch_has_events_of_one_key_only(self, db):
        register(db, lane=Lane(1, key="lead_id"), batch=Batch(size=10, wait=0))
        for name in ("ann", "bob", "ann", "bob"):
            scored(name)
        assert len(all_admitted()) == 2
        with db.transaction() as connection:
            rows = connection.execute(text("SELECT batch_id, limit_keys ->> 'leadId' AS lead FROM groundwork.delivery"))
            found = Counter((row.batch_id, row.lead) for row in rows)
        assert sorted(found.values()) == [2, 2]

    def test_with_a_singleton_both_hold(self, db):
        register(db, lane=(9, Lane(1, key="email")), singleton=Singleton(key="lead_id"))
        first = scored("ann", email="x@x")
        scored("bob", email="x@x"), scored("ann", email="y@y")
        assert all_admitted() == [first]

    def test_a_run_that_a_person_starts_takes_a_place(self, db):
        register(db, lane=Lane(1, key="lead_id"))
        event = LeadScored(workspace_id=WorkspaceId("acme"), lead_id="ann")
        attempt = claim_started_by_person(event, "alert-agent", Run(flow_run_id=flow_run_id()))
        waiting = scored("ann")
        assert all_admitted() == []
        attempt.settle()
        assert all_admitted() == [waiting]

    def test_replayed_dead_letters_keep_to_it(self, db):
        register(db, lane=Lane(1, key="lead_id"))
        events = [scored("ann") for _ in range(3)]
        for event in events:
            assert all_admitted() == [event]
            start(db, event).fail(ValueError("no"))
        with db.transaction() as connection:
            replay(connection, dead_letters(connection))
        assert all_admitted() == events[:1]

    def test_an_operator_sees_which_limit_is_full(self, db):
        register(db, lane=Lane(1, key="lead_id"))
        for name in ("ann", "ann", "bob", "bob", "cid"):
            scored(name)
        all_admitted()
        assert lane_of(db).at_limit == ["lane: 1 of 1 in use for 3 of leadId"]


class TestThrottleByKey:
    def test_each_value_is_counted_by_itself_and_none_waits_behind_another(self, db):
        register(db, lane=50, throttle=Throttle(limit=2, period=60, key="lead_id"))
        ann = [scored("ann") for _ in range(100)]
        bob = [scored("bob"), scored("bob")]
        assert set(all_admitted()) == {*ann[:2], *bob}
        time_passes(db, 61)
        assert all_admitted() == ann[2:4]

    def test_events_without_the_key_are_not_throttled(self, db):
        register(db, lane=9, throttle=Throttle(limit=1, period=60, key="email"))
        assert len([scored(), scored(email="")]) == len(all_admitted())

    def test_starts_that_do_not_count_any_more_are_forgotten(self, db):
        register(db, lane=9, throttle=Throttle(limit=1, period=60, key="lead_id"))
        scored()
        all_admitted()
        tidy()
        assert scalar(db, "SELECT count(*) FROM groundwork.throttle_start") == 1
        time_passes(db, 61)
        tidy()
        assert scalar(db, "SELECT count(*) FROM groundwork.throttle_start") == 0


class TestPool:
    def test_several_jobs_share_it_over_all_workspaces_in_turn(self, db):
        pool = Pool("openai", limit=3)
        register(db, lane=9, pool=pool)
        register(db, name="other", lane=9, pool=pool)
        for _ in range(10):
            scored(workspace="acme")
        scored(workspace="bolt")
        assert len(all_admitted()) == 3
        sql = "SELECT count(*) FROM groundwork.delivery WHERE state = 'admitted' AND workspace_id = 'bolt'"
        assert scalar(db, sql) >= 1
        assert lane_of(db).at_limit == ["pool openai: 3 of 3 in use"]

    def test_per_workspace_it_is_each_workspace_s_own(self, db):
        pool = Pool("openai", limit=5, per_workspace=2)
        register(db, lane=9, pool=pool)
        register(db, name="other", lane=9, pool=pool)
        for workspace in ("acme", "bolt", "cork"):
            for _ in range(4):
                scored(workspace=workspace)
        all_admitted()
        sql = "SELECT workspace_id, count(*) FROM groundwork.delivery WHERE state = 'admitted' GROUP BY workspace_id"
        with db.transaction() as connection:
            found = sorted(row.count for row in connection.execute(text(sql)))
        assert found == [1, 2, 2]

    def test_two_pools_of_one_job_both_hold(self, db):
        register(db, lane=9, pool=(Pool("openai", limit=4), Pool("hubspot", per_workspace=1)))
        for workspace in ("acme", "acme", "bolt"):
            scored(workspace=workspace)
        assert len(all_admitted()) == 2

    def test_a_full_pool_keeps_nothing_of_other_jobs(self, db):
        register(db, lane=9, pool=Pool("openai", limit=1))
        register(db, name="free", lane=9)
        for _ in range(300):
            scored()
        all_admitted()
        sql = "SELECT job, count(*) FROM groundwork.delivery WHERE state = 'admitted' GROUP BY job ORDER BY job"
        with db.transaction() as connection:
            assert [tuple(row) for row in connection.execute(text(sql))] == [("alert-agent", 1), ("free", 9)]


class TestPriorityField:
    def test_what_is_higher_goes_first_in_its_lane_however_many_wait(self, db):
        register(db, lane=1, priority_field="score")
        low = [scored(score=0) for _ in range(300)]
        high, higher = scored(score=5), scored(score=7)
        below = scored(score=-3)
        order = []
        for _ in range(3):
            [event] = all_admitted()
            order.append(event)
            start(db, event).settle()
        assert order == [higher, high, low[0]]
        assert delivery_of(db, below).urgency == -3

    def test_it_is_bounded_and_moves_no_workspace_ahead_of_another(self, db):
        register(db, lane=9, priority_field="score")
        first = scored(score=0, workspace="acme")
        pushy = [scored(score=10**9, workspace="bolt") for _ in range(5)]
        assert delivery_of(db, pushy[0]).urgency == 600
        assert first in admitted(capacity=2)

    def test_values_that_are_no_numbers_count_what_the_job_says(self, db):
        register(db, lane=1, priority_field=Priority("lead_id", values={"hot": 10, "cold": -10}))
        cold, warm, hot = scored("cold"), scored("warm"), scored("hot")
        order = []
        for _ in range(3):
            [event] = all_admitted()
            order.append(event)
            start(db, event).settle()
        assert order == [hot, warm, cold]

    def test_missing_is_nought(self, db):
        register(db, priority_field=Priority("email", values={"x": 5}))
        assert delivery_of(db, scored()).urgency == 0


class TestRateLimit:
    def test_what_is_beyond_is_dropped_and_says_so_wherever_one_looks(self, db):
        register(db, lane=9, rate_limit=RateLimit(limit=2, period=60))
        events = [scored() for _ in range(5)]
        assert all_admitted() == events[:2]
        assert states(db) == ["admitted", "admitted", "cancelled", "cancelled", "cancelled"]
        with db.transaction() as connection:
            [told] = event_status(connection, events[4]).deliveries
        assert (told.state, told.last_error) == ("cancelled", "Rate limit: more than 2 in 60 s.")
        assert lane_of(db).dropped == 3

    def test_the_period_slides(self, db):
        register(db, lane=9, rate_limit=RateLimit(limit=2, period=60))
        scored()
        time_passes(db, 40)
        scored(), scored()
        time_passes(db, 30)
        scored(), scored()
        assert states(db) == ["queued", "queued", "cancelled", "queued", "cancelled"]

    def test_each_value_is_counted_by_itself_and_events_without_it_are_not(self, db):
        register(db, lane=9, rate_limit=RateLimit(limit=1, period=60, key="email"))
        for email in ("x@x", "x@x", "y@y", None, None, "", ""):
            scored(email=email)
        assert states(db) == ["queued", "cancelled"] + ["queued"] * 5
        reason = scalar(db, "SELECT last_error FROM groundwork.delivery WHERE state = 'cancelled'")
        assert reason == "Rate limit: more than 1 in 60 s for the key x@x."

    def test_it_holds_within_one_request(self, db):
        register(db, lane=9, rate_limit=RateLimit(limit=3, period=60))
        events = [
            NewEvent.of(LeadScored(workspace_id=WorkspaceId("acme"), lead_id=str(n)), source="t") for n in range(9)
        ]
        with db.transaction() as connection:
            accept(connection, events[:5])
            accept(connection, events[5:])
        assert states(db) == ["queued"] * 3 + ["cancelled"] * 6

    def test_it_holds_for_many_senders_at_once(self, db):
        register(db, lane=9, rate_limit=RateLimit(limit=10, period=60))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: scored(), range(60)))
        assert Counter(states(db)) == {"queued": 10, "cancelled": 50}

    def test_one_that_was_not_committed_does_not_count(self, db):
        register(db, lane=9, rate_limit=RateLimit(limit=1, period=60))
        with pytest.raises(ZeroDivisionError), db.transaction() as connection:
            accept(connection, [NewEvent.of(LeadScored(workspace_id=WorkspaceId("acme"), lead_id="a"), source="t")])
            raise ZeroDivisionError
        scored()
        assert states(db) == ["queued"]

    def test_what_counts_no_more_is_forgotten(self, db):
        register(db, lane=9, rate_limit=RateLimit(limit=1, period=60))
        scored(), scored()
        time_passes(db, 61)
        tidy()
        assert scalar(db, "SELECT count(*) FROM groundwork.rate") == 0


class TestBatchWithDebounce:
    def test_all_events_of_the_window_come_as_one_batch_when_it_is_quiet(self, db):
        register(db, debounce=Debounce(seconds=5, key="lead_id"), batch=Batch(size=100, wait=60))
        scored("ann"), scored("bob")
        time_passes(db, 3)
        scored("ann")
        time_passes(db, 3)
        assert batches(db, admit(9)) == [1]
        time_passes(db, 2)
        assert batches(db, admit(9)) == []  # a lane of 1, and bob's batch is under way

    def test_events_without_a_pause_come_after_the_longest_time(self, db):
        register(db, debounce=Debounce(seconds=5, longest=10), batch=Batch(size=100))
        for _ in range(3):
            scored()
            time_passes(db, 3)
            assert admit(9) == []
        scored()
        time_passes(db, 1)
        assert batches(db, admit(9)) == [4]

    def test_a_window_larger_than_a_batch_is_several(self, db):
        register(db, lane=9, debounce=Debounce(seconds=5), batch=Batch(size=2))
        for _ in range(5):
            scored()
        time_passes(db, 5)
        assert sorted(batches(db, admit(9))) == [1, 2, 2]

    def test_an_event_of_the_future_is_of_a_later_window(self, db):
        register(db, lane=9, debounce=Debounce(seconds=5), batch=Batch(size=9))
        scored(occurred_at=in_a_minute())
        scored(), scored()
        time_passes(db, 5)
        assert batches(db, admit(9)) == [2]
        time_passes(db, 61)
        assert batches(db, admit(9)) == [1]

    def test_the_relay_is_told_when_it_is_due(self, db):
        register(db, debounce=Debounce(seconds=5), batch=Batch(size=9))
        scored()
        time_passes(db, 3)
        scored()
        time_passes(db, 2)
        assert admit(9) == []
        assert 2 < seconds_until_next() <= 3


def batches(db, found) -> list[int]:
    sql = "SELECT count(*) FROM groundwork.delivery WHERE batch_id = :id"
    return [scalar(db, sql, id=each.id) for each in found]


def in_a_minute() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=60)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_limit_is_ever_exceeded_with_several_relays_deaths_and_replays(db, seed):
    pool = Pool("openai", limit=6, per_workspace=3)
    register(db, lane=(4, Lane(2, key="lead_id")), pool=pool, priority_field="score", max_attempts=1000)
    register(db, name="other", lane=Lane(1, key="email"), pool=pool, max_attempts=1000)
    chance = random.Random(seed)
    for number in range(60):
        scored(chance.choice("abc"), number % 5, chance.choice(["acme", "bolt", "cork"]), email=chance.choice("xyz"))
    stop = threading.Event()
    over: list[object] = []

    def relay() -> None:
        while not stop.is_set():
            admit(capacity=12)

    def worker(number: int) -> None:
        own = random.Random(seed * 100 + number)
        while not stop.is_set():
            with db.transaction() as connection:
                row = connection.execute(
                    text("SELECT id FROM groundwork.delivery WHERE state = 'admitted' ORDER BY random() LIMIT 1")
                ).first()
            attempt = row and claim(row.id, Run(flow_run_id=flow_run_id()))
            if not attempt:
                time.sleep(0.005)
                continue
            time.sleep(own.random() / 50)
            if own.random() < 0.2:
                with db.transaction() as connection:  # its run has died, and is queued again
                    connection.execute(
                        text(
                            "UPDATE groundwork.delivery SET state = 'queued', lease_expires_at = NULL"
                            " WHERE id = :id AND state = 'running'"
                        ),
                        {"id": row.id},
                    )
            elif own.random() < 0.2:
                attempt.fail(ValueError("no"))
                with db.transaction() as connection:
                    replay(connection, dead_letters(connection, ids=[row.id]))
            else:
                attempt.settle()

    def watch() -> None:
        while not stop.is_set():
            with db.transaction() as connection:
                rows = connection.execute(
                    text(
                        "SELECT job, workspace_id, limit_keys ->> 'leadId' AS lead, limit_keys ->> 'email' AS email"
                        " FROM groundwork.delivery WHERE state IN ('admitted', 'running')"
                    )
                ).all()
            own = [row for row in rows if row.job == "alert-agent"]
            for most, counted in (
                (6, Counter([None for _ in rows])),
                (3, Counter(row.workspace_id for row in rows)),
                (4, Counter(row.workspace_id for row in own)),
                (2, Counter((row.workspace_id, row.lead) for row in own)),
                (1, Counter((row.workspace_id, row.email) for row in rows if row.job == "other")),
            ):
                over.extend((most, each) for each in counted.items() if each[1] > most)

    tasks = [threading.Thread(target=relay) for _ in range(2)]
    tasks += [threading.Thread(target=worker, args=(n,)) for n in range(4)]
    tasks += [threading.Thread(target=watch)]
    for task in tasks:
        task.start()
    deadline = time.monotonic() + 60
    while set(states(db)) != {"done"} and time.monotonic() < deadline:
        time.sleep(0.2)
    stop.set()
    for task in tasks:
        task.join()
    assert over == []
    assert set(states(db)) == {"done"}
