"""Idempotency, singletons and cancelling events: deliveries of one key."""

from datetime import UTC, datetime, timedelta

import pytest

from groundwork.blocks.errors import StaleAttempt
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import NewEvent, accept, once, send
from groundwork.events.inbox.admission import tidy
from groundwork.flows.flow_control import CancelOn, Idempotency, Singleton
from tests.factories import delivery_of, scalar
from tests.integration.inbox.scored_leads import (
    LeadLost,
    LeadScored,
    admitted,
    register,
    scored,
    start,
    states,
    time_passes,
)


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

    def test_where_the_latest_event_cancels_those_before_it_it_does_not_cancel_itself(self, db):
        register(db, cancel_on=CancelOn(event=LeadScored, key="lead_id"))
        scored(score=1), scored(score=2)
        assert states(db) == ["cancelled", "queued"]
