"""Final failures are events to whoever listens: recorded with the failure, once, however it came about."""

from typing import Any

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.relay.decision import Again, End
from groundwork.deployments.relay.redelivery import carry_out
from groundwork.events.failed import Failed, Failure
from groundwork.events.inbox import send
from groundwork.events.inbox.dead_letters import dead_letters, replay
from groundwork.events.inbox.jobs import register_job, retire_jobs
from groundwork.events.inbox.redelivery import overdue
from groundwork.events.misfit import Misfit
from groundwork.flows.flow_control import Batch, Debounce
from groundwork.flows.job_options import JobOptions
from groundwork.flows.registry import JobSpec
from tests.factories import delivery_of, scalar
from tests.integration.inbox.scored_leads import LeadLost, LeadScored, admitted, register, scored, start, time_passes
from tests.integration.inbox.stored_events import claimed, lead, stored

MODES = ("ordinary", "light")

LeadFailed = Failed(LeadScored)


@pytest.fixture
def listening(db):
    listen(db)
    register(db)
    return db


def listen(db, on: Any = LeadFailed, name: str = "hear-of-failures", **options: Any) -> None:
    spec = JobSpec(name=name, options=JobOptions(on=on, **options), body=listen)
    with db.transaction() as connection:
        register_job(connection, spec.registration)


def heard(db) -> list[Failure[LeadScored]]:
    """The failures that the listening job is given, in order."""
    with db.transaction() as connection:
        queued = connection.exec_driver_sql(
            "SELECT event_id FROM groundwork.delivery WHERE job = 'hear-of-failures' AND state = 'queued'"
            " ORDER BY sequence"
        )
        ids = list(queued.scalars())
    found = []
    for each in ids:
        assert admitted(capacity=1) == [each]
        attempt = claimed(db, each, LeadFailed)
        found.append(attempt.event)
        attempt.settle()
    return found


def test_the_job_gets_the_event_typed_with_job_error_and_delivery(listening):
    event_id = scored("ann", 7, workspace="bolt")
    admitted()
    start(listening, event_id).fail(ValueError("no such agent"))
    [failure] = heard(listening)
    dead = delivery_of(listening, event_id)
    assert isinstance(failure, LeadFailed)
    assert failure.event == LeadScored(workspace_id="bolt", lead_id="ann", score=7)
    assert (failure.workspace_id, failure.job, failure.error) == ("bolt", "alert-agent", "ValueError: no such agent")
    assert (failure.attempt, failure.failed_delivery_id, failure.failed_event_id) == (1, dead.id, event_id)
    assert failure.failed_at == dead.settled_at


def test_it_belongs_to_the_chain_of_the_failed_event(listening):
    event_id = scored()
    admitted()
    attempt = start(listening, event_id)
    with attempt.as_current():
        attempt.fail(ValueError("no"))
    chained = "correlation_id = :id AND causation_id = :id AND depth = 1"
    assert scalar(listening, f"SELECT {chained} FROM groundwork.event WHERE name LIKE 'groundwork/%'", id=event_id)


def test_of_a_batch_each_that_failed_is_heard_of(listening):
    register(listening, batch=Batch(size=3, wait=0))
    events = [scored(f"lead-{n}") for n in range(3)]
    admitted()
    start(listening, events[0]).settle_each([ValueError("one"), None, {"x": float("nan")}])
    assert [each.event.lead_id for each in heard(listening)] == ["lead-0", "lead-2"]


def test_a_misfit_is_heard_of_with_what_is_stored(listening):
    event_id = stored(listening, lead(score="high"))
    admitted()
    claimed(listening, event_id)
    [failure] = heard(listening)
    assert isinstance(failure.event, Misfit)
    assert failure.event.lead_id == "ann"
    assert failure.error.startswith("EventMisfit: ")
    assert failure.workspace_id == "acme"


def test_what_the_relay_gives_up_is_heard_of_and_what_it_queues_again_is_not(listening):
    event_id = scored()
    admitted()
    start(listening, event_id)
    time_passes(listening, 3_600)
    [died] = overdue()
    carry_out(died, Again("it died", tries=1))
    assert heard(listening) == []
    admitted()
    start(listening, event_id)
    time_passes(listening, 3_600)
    [died] = overdue()
    carry_out(died, End("failed", "It was the last of 2 attempts."))
    carry_out(died, End("failed", "It was the last of 2 attempts."))
    [failure] = heard(listening)
    assert (failure.error, failure.attempt) == ("It was the last of 2 attempts.", 2)


def test_what_nobody_ever_claimed_is_heard_of(listening):
    scored()
    admitted()
    time_passes(listening, 3_600)
    [unclaimed] = overdue()
    carry_out(unclaimed, End("failed", "no deployment"))
    [failure] = heard(listening)
    assert failure.attempt == 0


def test_what_is_cancelled_is_not_heard_of(listening):
    scored()
    admitted()
    time_passes(listening, 3_600)
    [unclaimed] = overdue()
    carry_out(unclaimed, End("cancelled", "by a person"))
    assert heard(listening) == []


def test_a_replay_that_fails_again_is_heard_of_again(listening):
    event_id = scored()
    admitted()
    start(listening, event_id).fail(ValueError("first"))
    assert len(heard(listening)) == 1
    with listening.transaction() as connection:
        replay(connection, dead_letters(connection))
    admitted()
    start(listening, event_id).fail(ValueError("second"))
    assert [each.error for each in heard(listening)] == ["ValueError: second"]


def test_the_failure_and_its_event_are_one_transaction(listening, monkeypatch):
    event_id = scored()
    admitted()
    attempt = start(listening, event_id)

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("groundwork.events.inbox.failures.accept", broken)
    with pytest.raises(ZeroDivisionError):
        attempt.fail(ValueError("no"))
    assert delivery_of(listening, event_id).state == "running"


def test_the_failure_of_the_job_that_hears_of_failures_is_a_dead_letter_and_nothing_more(listening):
    event_id = scored()
    admitted()
    start(listening, event_id).fail(ValueError("no"))
    [failed] = admitted()
    claimed(listening, failed, LeadFailed).fail(ValueError("nor this"))
    assert scalar(listening, "SELECT count(*) FROM groundwork.event") == 2
    assert scalar(listening, "SELECT count(*) FROM groundwork.delivery WHERE state = 'failed'") == 2


def test_nothing_is_recorded_where_nobody_listens(db):
    register(db)
    listen(db, Failed(LeadLost))
    listen(db, name="hear-no-more")
    with db.transaction() as connection:
        retire_jobs(connection, ["alert-agent", "hear-of-failures"])
    event_id = scored()
    admitted()
    start(db, event_id).fail(ValueError("no"))
    assert scalar(db, "SELECT count(*) FROM groundwork.event") == 1


def test_flow_control_goes_for_it_as_for_any_event(db):
    register(db, lane=5)
    listen(db, debounce=Debounce(seconds=60, key="job"))
    for each in [scored(), scored()]:
        admitted(capacity=1)
        start(db, each).fail(ValueError("no"))
    time_passes(db, 61)
    admitted()
    states = "SELECT string_agg(state, ' ' ORDER BY sequence) FROM groundwork.delivery WHERE job = 'hear-of-failures'"
    assert scalar(db, states) == "cancelled admitted"


def test_nobody_can_send_one(listening):
    event_id = scored()
    admitted()
    start(listening, event_id).fail(ValueError("no"))
    [failure] = heard(listening)
    with pytest.raises(ConfigurationError, match="cannot be sent: the inbox alone records such events"):
        send(failure)


def test_it_may_end_a_chain_that_may_grow_no_longer(listening, monkeypatch):
    monkeypatch.setattr("groundwork.events.inbox.chain.settings", lambda: pytest.fail("not asked"))
    event_id = scored()
    admitted()
    start(listening, event_id).fail(ValueError("no"))
    assert len(heard(listening)) == 1
