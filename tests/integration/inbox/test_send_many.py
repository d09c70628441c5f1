"""Many events in one transaction: all or none, in order, and once however often a step is tried."""

import pytest
from sqlalchemy import text

from groundwork.blocks.errors import ChainTooLong, ConfigurationError, NonRetriable, NotStorable, StaleAttempt
from groundwork.blocks.process_cache import forget
from groundwork.events.inbox import once, send, send_many
from groundwork.events.inbox.follow_on import sending_from
from tests.factories import delivery_of, scalar
from tests.integration.inbox.scored_leads import (
    ACME,
    LeadScored,
    admitted,
    register,
    scored,
    start,
    states,
    time_passes,
)


def leads(number: int) -> list[LeadScored]:
    return [LeadScored(workspace_id=ACME, lead_id=f"lead-{n}", score=n) for n in range(number)]


def events_in_order(db) -> list[int]:
    with db.transaction() as connection:
        return list(
            connection.execute(
                text(
                    "SELECT CAST(data ->> 'score' AS int) FROM groundwork.delivery"
                    " JOIN groundwork.event ON event.id = event_id ORDER BY sequence"
                )
            ).scalars()
        )


@pytest.fixture
def running(db):
    """An attempt whose job sends."""
    register(db)
    event_id = scored(score=-1)
    admitted()
    attempt = start(db, event_id)
    with attempt.as_current():
        yield attempt


def test_they_keep_their_order_across_statements(db, monkeypatch):
    monkeypatch.setattr("groundwork.events.inbox.many_events.EVENTS_AT_ONCE", 7)
    register(db)
    ids = send_many(iter(leads(30)))
    assert events_in_order(db) == list(range(30))
    assert [delivery_of(db, each).state for each in ids] == ["queued"] * 30


def test_nothing_is_sent_of_none(db):
    assert send_many([]) == []


def test_twice_is_once_with_ids_of_ones_own(db):
    register(db)
    ids = [f"row-{n}" for n in range(5)]
    first = send_many(leads(5), dedupe_ids=ids)
    assert send_many(leads(5), dedupe_ids=ids) == first
    assert send(leads(1)[0], dedupe_id="row-0") == first[0]
    assert events_in_order(db) == list(range(5))


def test_a_step_that_is_tried_again_sends_them_once_and_equal_ones_as_often_as_it_did(db, running):
    same = [LeadScored(workspace_id=ACME, lead_id="same")] * 3
    for _ in range(2):
        with sending_from(running, "step"):
            first = send_many([*leads(4), *same])
    assert len(set(first)) == 7
    assert scalar(db, "SELECT count(*) FROM groundwork.event") == 1 + 7


def test_send_and_send_many_make_the_same_ids(db, running):
    with sending_from(running, "step"):
        one_by_one = [send(each) for each in leads(3)]
    with sending_from(running, "step"):
        assert send_many(leads(3)) == one_by_one


def test_they_go_with_the_callers_transaction_or_not_at_all(db, running):
    with pytest.raises(ValueError), once(running, "step", "1") as entry:  # noqa: PT011
        send_many(leads(3), entry.connection)
        raise ValueError
    assert scalar(db, "SELECT count(*) FROM groundwork.event") == 1
    with once(running, "step", "1") as entry:
        send_many(leads(3), entry.connection)
        entry.result = True
    assert scalar(db, "SELECT count(*) FROM groundwork.event") == 4


def test_a_stale_attempt_sends_none(db, running):
    time_passes(db, 3_600)
    start(db, running.event_id)
    with pytest.raises(StaleAttempt):
        send_many(leads(3))
    assert scalar(db, "SELECT count(*) FROM groundwork.event") == 1


def test_one_that_cannot_be_stored_is_told_of_by_its_number_and_none_is_sent(db):
    register(db)
    events = leads(4)
    events[2] = LeadScored.model_construct(**dict(events[2]) | {"lead_id": "a\0"})
    with pytest.raises(NotStorable, match=r"event 2 of send_many\(\): the event test/lead\.scored .* leadId: a text"):
        send_many(events)
    assert states(db) == []


def test_too_many_and_too_much_are_refused_before_anything_is_sent(db, monkeypatch):
    with pytest.raises(ConfigurationError, match="has 3 events and 2 dedupe_ids"):
        send_many(leads(3), dedupe_ids=["a", "b"])
    monkeypatch.setattr("groundwork.events.inbox.many_events.MOST_EVENTS", 3)
    with pytest.raises(NonRetriable, match="takes 3 events at once; send these in several calls"):
        send_many(leads(4))
    monkeypatch.setattr("groundwork.events.inbox.many_events.MOST_CHARACTERS", 100)
    with pytest.raises(NonRetriable, match="takes 100 characters of data at once, and the first 2 events have 110"):
        send_many(leads(3))
    assert states(db) == []


def test_a_chain_that_is_too_long_sends_none(db, running, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_MAX_CHAIN_DEPTH", "1")
    forget()
    try:
        ids = send_many(leads(2))
        assert scalar(db, "SELECT min(depth) FROM groundwork.event WHERE id = ANY(:ids)", ids=ids) == 1
        running.depth = 1
        with pytest.raises(ChainTooLong):
            send_many(leads(2))
    finally:
        monkeypatch.undo()
        forget()


def test_ten_thousand_are_sent_at_once_in_order(db, running):
    assert len(send_many(leads(10_000))) == 10_000
    assert events_in_order(db)[1:] == list(range(10_000))
