"""Idempotency, singletons and cancelling events: deliveries of one key."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from groundwork.blocks.errors import ConfigurationError, NotStorable, StaleAttempt
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import NewEvent, accept, once, send
from groundwork.events.inbox.admission import tidy
from groundwork.events.inbox.cancellation import cancel
from groundwork.flows.flow_control import CancelOn, Debounce, Idempotency, Singleton
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

MODES = ("ordinary", "light")


def state_of(db, event_id, job: str) -> str:
    sql = "SELECT state FROM groundwork.delivery WHERE event_id = :event_id AND job = :job"
    return str(scalar(db, sql, event_id=event_id, job=job))


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

    def test_a_first_one_that_was_cancelled_before_it_started_frees_its_key(self, db):
        register(db, idempotency=Idempotency(key="lead_id"), lane=9)
        first = scored("ann")
        with db.transaction() as connection:
            cancel(connection, event_id=first)
        second, third = scored("ann"), scored("ann")
        assert admitted() == [second]
        assert delivery_of(db, third).superseded_by == delivery_of(db, second).id

    def test_so_does_one_that_expired_or_was_skipped(self, db):
        register(db, idempotency=Idempotency(key="lead_id"), lane=9, expires=60)
        scored("ann")
        time_passes(db, 61)
        assert admitted() == []
        assert [scored("ann")] == admitted()
        register(db, name="other", idempotency=Idempotency(key="lead_id"), singleton=Singleton(mode="skip"), lane=9)
        busy = scored("bob")
        assert busy in admitted()
        skipped = scored("cid")
        admitted()
        assert state_of(db, skipped, "other") == "cancelled"
        again = scored("cid")
        assert state_of(db, again, "other") == "queued"

    def test_one_that_was_cancelled_while_it_ran_keeps_its_key(self, db):
        register(db, idempotency=Idempotency(key="lead_id"), lane=9)
        first = scored("ann")
        admitted()
        start(db, first)
        with db.transaction() as connection:
            cancel(connection, event_id=first)
        scored("ann")
        assert states(db) == ["cancelled", "cancelled"]

    def test_one_whose_work_a_later_event_does_keeps_its_key(self, db):
        register(db, idempotency=Idempotency(key="lead_id"), debounce=Debounce(seconds=5), lane=9)
        scored("ann")
        last = scored("bob")
        time_passes(db, 6)
        assert admitted() == [last]
        scored("ann")
        assert states(db) == ["cancelled", "admitted", "cancelled"]

    @pytest.mark.parametrize(("free", "second"), [(True, "queued"), (False, "cancelled")])
    def test_one_that_has_failed_frees_its_key_where_the_job_says_so(self, db, free, second):
        register(db, idempotency=Idempotency(key="lead_id", free_on_failure=free), lane=9)
        first = scored("ann")
        admitted()
        start(db, first).fail(ValueError("no"))
        scored("ann")
        assert states(db) == ["failed", second]

    def test_of_many_that_find_a_freed_key_at_once_one_runs(self, db):
        register(db, idempotency=Idempotency(key="lead_id"), lane=9)
        first = scored("ann")
        with db.transaction() as connection:
            cancel(connection, event_id=first)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: scored("ann"), range(8)))
        assert sorted(states(db)) == ["cancelled"] * 8 + ["queued"]

    @pytest.mark.parametrize("email", [None, ""])
    def test_events_without_the_key_are_nobody_s_repeats(self, db, email):
        register(db, idempotency=Idempotency(key="email"), lane=9)
        assert len([scored(email=email), scored(email=email)]) == len(admitted())

    def test_other_workspaces_have_other_keys(self, db):
        register(db, idempotency=Idempotency(key="lead_id"))
        assert {scored("ann"), scored("ann", workspace="bolt")} == set(admitted())


class TestSingleton:
    @pytest.mark.parametrize("mode", ["queue", "skip"])
    @pytest.mark.parametrize("email", [None, ""])
    def test_events_without_the_key_stand_alone(self, db, mode, email):
        register(db, singleton=Singleton(key="email", mode=mode), lane=9)
        events = [scored(email=email), scored(email=email), scored(email="ann@example.com")]
        assert admitted() == events

    def test_without_a_key_the_whole_lane_is_one(self, db):
        register(db, singleton=Singleton(), lane=9)
        first, _ = scored("ann"), scored("bob")
        assert admitted() == [first]

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

    def test_each_of_several_events_cancels_and_no_other(self, db):
        either = CancelOn(event=LeadLost, key="lead_id"), CancelOn(event=LeadScored, key="lead_id")
        register(db, cancel_on=either, lane=9)
        scored("ann"), scored("bob")
        send(LeadLost(workspace_id=WorkspaceId("acme"), lead_id="ann"))
        assert states(db) == ["cancelled", "queued"]
        scored("bob", score=2)
        assert states(db) == ["cancelled", "cancelled", "queued"]

    @pytest.mark.parametrize("email", [None, ""])
    def test_an_event_without_the_key_cancels_nobody(self, db, email):
        register(db, cancel_on=CancelOn(event=LeadLost, key="email"), lane=9)
        scored(email=email)
        send(LeadLost(workspace_id=WorkspaceId("acme"), lead_id="x", email=email))
        assert states(db) == ["queued"]


@pytest.mark.parametrize(
    "options",
    [
        {"idempotency": Idempotency(key="")},
        {"singleton": Singleton(key="")},
        {"debounce": Debounce(seconds=5, key="")},
        {"cancel_on": CancelOn(event=LeadLost, key="")},
    ],
)
def test_an_empty_key_is_refused_where_it_is_written(db, options):
    with pytest.raises(ConfigurationError, match="key='' names no field of LeadScored; leave it out"):
        register(db, **options)


def test_an_empty_id_of_a_sender_is_refused(db):
    with pytest.raises(NotStorable, match="dedupe_id: it is empty"):
        scored(dedupe_id="")
