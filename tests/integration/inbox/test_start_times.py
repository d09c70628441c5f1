"""Debounce, throttle and expiry: when a delivery may start."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import NewEvent, accept
from groundwork.events.inbox.admission import seconds_until_next, tidy
from groundwork.flows.flow_control import Debounce, Throttle
from tests.factories import delivery_of, scalar
from tests.integration.inbox.scored_leads import LeadScored, admitted, register, scored, start, states, time_passes

MODES = ("ordinary", "light")


def in_seconds(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


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

    @pytest.mark.parametrize("email", [None, ""])
    def test_events_without_the_key_stand_alone(self, db, email):
        register(db, debounce=Debounce(seconds=5, key="email"), lane=5)
        events = [scored("ann", email=email), scored("bob", email=email)]
        assert admitted() == []
        time_passes(db, 5)
        assert admitted() == events

    @pytest.mark.parametrize("longest", [None, 20])
    def test_an_event_of_now_is_not_put_off_by_one_of_the_future_nor_is_that_one_pulled_forward(self, db, longest):
        register(db, debounce=Debounce(seconds=5, key="lead_id", longest=longest), lane=5)
        early = scored(score=1, occurred_at=in_seconds(60))
        now = scored(score=2)
        late = scored(score=3, occurred_at=in_seconds(120))
        time_passes(db, 5)
        assert admitted() == [now]
        time_passes(db, 61)
        assert admitted() == [early]
        time_passes(db, 60)
        assert admitted() == [late]

    def test_one_of_the_future_counts_from_its_own_time_on(self, db):
        register(db, debounce=Debounce(seconds=5, longest=8), lane=5)
        first = scored(occurred_at=in_seconds(60))
        time_passes(db, 63)
        second = scored()
        time_passes(db, 2)
        assert admitted() == []
        assert delivery_of(db, first).superseded_by == delivery_of(db, second).id
        time_passes(db, 3)
        assert admitted() == [second]

    def test_of_an_earlier_one_of_the_future_and_one_of_now_the_one_whose_time_came_last_runs(self, db):
        register(db, debounce=Debounce(seconds=10), lane=5)
        future = scored(occurred_at=in_seconds(8))
        now = scored()
        time_passes(db, 10)
        assert admitted() == []
        assert delivery_of(db, now).superseded_by == delivery_of(db, future).id
        time_passes(db, 8)
        assert admitted() == [future]

    def test_of_events_of_one_request_the_last_runs(self, db):
        register(db, debounce=Debounce(seconds=5), lane=5)
        events = [
            NewEvent.of(LeadScored(workspace_id=WorkspaceId("acme"), lead_id="ann", score=n), source="test")
            for n in range(50)
        ]
        with db.transaction() as connection:
            last = accept(connection, events)[-1].id
        time_passes(db, 5)
        assert admitted() == [last]

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

    def test_one_that_falls_due_in_the_middle_of_an_admission_does_not_run_beside_a_later_one(self, db):
        register(db, debounce=Debounce(seconds=5))
        scored()
        time_passes(db, 4.8)
        last = scored()

        def dawdle(connection, cursor, statement: str, *_: object) -> None:
            if "SET state = 'queued'" in statement:
                time.sleep(0.5)

        event.listen(db.engine, "before_cursor_execute", dawdle)
        try:
            assert admitted() == []
        finally:
            event.remove(db.engine, "before_cursor_execute", dawdle)
        time_passes(db, 5)
        assert admitted() == [last]

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
