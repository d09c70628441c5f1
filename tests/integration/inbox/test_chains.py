"""Events that jobs send for events make a chain, which may be so long and no longer."""

import pytest

from groundwork.blocks.errors import ChainTooLong
from groundwork.blocks.process_cache import forget
from groundwork.events.inbox import once, send
from groundwork.events.inbox.dead_letters import dead_letters, replay
from groundwork.events.inbox.redelivery import overdue, requeue
from groundwork.flows.flow_control import Batch
from tests.factories import register_job, scalar
from tests.integration.inbox.scored_leads import (
    ACME,
    LeadLost,
    LeadScored,
    admitted,
    register,
    scored,
    start,
    time_passes,
)


@pytest.fixture(autouse=True)
def _three_at_most(monkeypatch):
    monkeypatch.setenv("GROUNDWORK_MAX_CHAIN_DEPTH", "3")
    forget()
    yield
    monkeypatch.undo()
    forget()


def depth(db, event_id) -> int:
    return scalar(db, "SELECT depth FROM groundwork.event WHERE id = :id", id=event_id)


def follow_on(db, event_id, event=None):
    """What the job of an event sends."""
    [admitted_id] = admitted(capacity=1)
    assert admitted_id == event_id
    attempt = start(db, event_id)
    with attempt.as_current():
        sent = send(event or LeadScored(workspace_id=ACME, lead_id="next"))
    attempt.settle()
    return sent


def test_each_event_knows_how_many_are_before_it(db):
    register(db)
    first = scored()
    second = follow_on(db, first)
    assert [depth(db, each) for each in (first, second, follow_on(db, second))] == [0, 1, 2]


def test_the_chain_ends_with_an_error_that_has_its_correlation_id_and_the_setting(db):
    register(db)
    first = last = scored()
    for _ in range(3):
        last = follow_on(db, last)
    with pytest.raises(ChainTooLong) as refused:
        follow_on(db, last)
    assert f"began with the event {first}" in str(refused.value)
    assert "GROUNDWORK_MAX_CHAIN_DEPTH" in str(refused.value)
    assert scalar(db, "SELECT count(*) FROM groundwork.event") == 4


def test_it_is_counted_through_several_jobs(db):
    register(db)
    register_job(db, "mourn", "test/lead.lost")
    last = scored()
    last = follow_on(db, last, LeadLost(workspace_id=ACME, lead_id="ann"))
    last = follow_on(db, last)
    last = follow_on(db, last, LeadLost(workspace_id=ACME, lead_id="bob"))
    with pytest.raises(ChainTooLong):
        follow_on(db, last)


def test_it_is_counted_in_a_ledger_step_and_in_the_callers_transaction_whose_effect_is_rolled_back(db):
    register(db)
    last = scored()
    for _ in range(3):
        last = follow_on(db, last)
    admitted()
    attempt = start(db, last)
    with attempt.as_current(), pytest.raises(ChainTooLong), once(attempt, "step", "1") as entry:
        entry.connection.exec_driver_sql("INSERT INTO app.import_skipped VALUES ('effect', 'x')")
        send(LeadScored(workspace_id=ACME, lead_id="next"), entry.connection)
    assert scalar(db, "SELECT count(*) FROM app.import_skipped") == 0


def test_another_attempt_and_a_replay_begin_no_new_chain(db):
    register(db)
    second = follow_on(db, scored())
    admitted()
    start(db, second)
    time_passes(db, 3_600)
    [died] = overdue()
    requeue(died, "it died", tries=1)
    admitted()
    attempt = start(db, second)
    assert attempt.depth == 1
    attempt.fail(ValueError("no"))
    with db.transaction() as connection:
        replay(connection, dead_letters(connection))
    assert depth(db, follow_on(db, second)) == 2


def test_a_batch_is_as_deep_as_its_deepest(db):
    register(db)
    first, plain = scored(), scored()
    second = follow_on(db, first)
    register(db, batch=Batch(size=2, wait=0))
    admitted()
    attempt = start(db, plain)
    assert [each.event_id for each in attempt.members] == [plain, second]
    assert attempt.depth == 1


def test_0_means_any_number(db, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_MAX_CHAIN_DEPTH", "0")
    forget()
    register(db)
    last = scored()
    for _ in range(10):
        last = follow_on(db, last)
    assert depth(db, last) == 10
