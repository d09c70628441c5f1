"""A delivery that waits for its next attempt, beside what a job says of its order, its time and its company."""

from uuid import UUID

import pytest

from groundwork.blocks.database import Database
from groundwork.blocks.errors import ConfigurationError, StaleAttempt
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import once, send
from groundwork.events.inbox.cancellation import cancel
from groundwork.events.inbox.redelivery import requeue
from groundwork.events.inbox.standing import Standing
from groundwork.flows.flow_control import Batch, CancelOn, Singleton
from tests.factories import delivery_of
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

MODES = ("ordinary", "light")


def die(db: Database, event_id, tries: int = 1) -> None:
    """What the relay does with a dead run; after more tries the next one comes later."""
    requeue(Standing.of(delivery_of(db, event_id)), "It died.", tries=tries, at_once=True)


def test_one_that_was_started_in_time_is_not_dropped_between_its_attempts(db):
    register(db, expires=30)
    event_id = scored()
    admitted()
    start(db, event_id)
    die(db, event_id)
    time_passes(db, 40)
    assert admitted() == [event_id]


def test_one_that_no_run_ever_claimed_is_dropped_when_its_time_is_over(db):
    register(db, expires=30)
    event_id = scored()
    admitted()
    die(db, event_id)
    time_passes(db, 40)
    assert admitted() == []
    assert delivery_of(db, event_id).state == "cancelled"


def test_an_ordered_lane_stands_still_behind_it_whatever_the_keys(db):
    register(db, ordered=True, singleton=Singleton(key="lead_id"))
    first, second = scored("ann"), scored("bob")
    admitted()
    start(db, first)
    die(db, first, tries=3)
    assert admitted() == []
    time_passes(db, 10)
    assert admitted() == [first]
    start(db, first).settle()
    assert admitted() == [second]


def test_an_event_that_cancels_it_lets_its_job_tidy_up(db):
    register(db, cancel_on=CancelOn(event=LeadLost, key="lead_id"))
    event_id = scored("ann")
    admitted()
    start(db, event_id)
    die(db, event_id, tries=3)
    send(LeadLost(workspace_id=WorkspaceId("acme"), lead_id="ann"))
    cancelled = delivery_of(db, event_id)
    assert (cancelled.state, cancelled.run_to_cancel) == ("cancelled", True)


def batch_that_died(db: Database) -> list[UUID]:
    """Three events of one batch, whose first attempt died."""
    register(db, batch=Batch(size=3, wait=0))
    events = [scored(score=n) for n in range(3)]
    admitted()
    start(db, events[0])
    die(db, events[0])
    return events


class TestBatch:
    @pytest.mark.parametrize("which", [0, 1])
    def test_one_of_a_batch_that_has_begun_is_not_cancelled_alone(self, db, which):
        events = batch_that_died(db)
        with db.transaction() as connection:
            assert cancel(connection, event_id=events[which]).sharing == 1
        assert admitted() == [events[0]]
        assert len(start(db, events[0]).members) == 3

    def test_a_batch_that_has_begun_is_cancelled_as_a_whole(self, db):
        batch_that_died(db)
        with db.transaction() as connection:
            assert cancel(connection, job="alert-agent").queued == 3
        assert states(db) == ["cancelled"] * 3

    def test_a_batch_that_nobody_claimed_goes_on_without_its_first_when_that_has_expired(self, db):
        register(db, batch=Batch(size=3, wait=0), expires=30)
        first = scored(score=0)
        time_passes(db, 20)
        others = [scored(score=1), scored(score=2)]
        admitted()
        die(db, first)
        time_passes(db, 15)
        assert admitted() == [others[0]]
        assert [member.event_id for member in start(db, others[0]).members] == others
        assert states(db) == ["cancelled", "running", "running"]


def test_an_attempt_that_a_later_one_has_overtaken_sends_no_events(db):
    register(db)
    event_id = scored()
    admitted()
    stale = start(db, event_id)
    die(db, event_id)
    with stale.as_current(), pytest.raises(StaleAttempt):
        send(LeadLost(workspace_id=WorkspaceId("acme"), lead_id="ann"))
    admitted()
    start(db, event_id)
    with stale.as_current(), pytest.raises(StaleAttempt):
        send(LeadLost(workspace_id=WorkspaceId("acme"), lead_id="ann"))


def test_a_job_that_has_failed_may_still_send_events(db):
    register(db)
    event_id = scored()
    admitted()
    attempt = start(db, event_id)
    attempt.fail(ValueError("no such lead"))
    with attempt.as_current():
        assert send(LeadScored(workspace_id=WorkspaceId("acme"), lead_id="bob"))


def test_an_effect_without_a_result_is_refused_at_once(db):
    register(db)
    event_id = scored()
    admitted()
    with pytest.raises(ConfigurationError, match="set entry"), once(start(db, event_id), "step", "1"):
        pass
