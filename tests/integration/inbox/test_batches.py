"""Events of one lane share a run, and each has its own outcome."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.blocks.errors import StaleAttempt
from groundwork.events.inbox import claim
from groundwork.events.inbox.admission import seconds_until_next
from groundwork.events.inbox.claim import Run
from groundwork.flows.flow_control import Batch
from tests.factories import delivery_of, flow_run_id
from tests.integration.inbox.scored_leads import admitted, register, scored, start, states, time_passes

MODES = ("ordinary", "light")


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

    def test_the_relay_does_not_look_for_batches_that_time_cannot_fill(self, db):
        register(db, batch=Batch(size=3, wait=0))
        scored(), scored()
        admitted()
        scored()
        assert admitted() == []
        assert seconds_until_next() is None
