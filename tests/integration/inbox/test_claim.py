"""A delivery has one holder at a time; the fencing token keeps older attempts from writing."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from groundwork.blocks.errors import ConfigurationError, StaleAttempt
from groundwork.events.inbox import claim, once, send, written
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run, claim_started_by_person
from groundwork.events.inbox.holder import holder_in_words
from tests.factories import csv_import_confirmed, delivery_of, flow_run_id, register_job, scalar
from tests.waiting import wait_until


@pytest.fixture
def admitted(db):
    register_job(db)
    event_id = send(csv_import_confirmed())
    admit(capacity=10)
    return delivery_of(db, event_id)


def run() -> Run:
    return Run(flow_run_id=flow_run_id())


def expire_lease(db, delivery) -> None:
    with db.transaction() as connection:
        connection.execute(
            text("UPDATE groundwork.delivery SET lease_expires_at = clock_timestamp() - interval '1 s' WHERE id = :id"),
            {"id": delivery.id},
        )


def test_a_claim_carries_the_typed_event_and_the_first_token(admitted):
    attempt = claim(admitted.id, run())
    assert attempt.event == csv_import_confirmed()
    assert attempt.token == 1


def test_of_many_runs_one_claims(admitted):
    together = threading.Barrier(8)

    def race(_):
        together.wait()
        return claim(admitted.id, run())

    with ThreadPoolExecutor(8) as pool:
        winners = [attempt for attempt in pool.map(race, range(8)) if attempt]
    assert len(winners) == 1


def test_a_queued_delivery_cannot_be_claimed_past_its_lane(db):
    register_job(db)
    delivery = delivery_of(db, send(csv_import_confirmed()))
    assert claim(delivery.id, run()) is None
    assert holder_in_words(delivery.id) == "it is queued"


def test_an_expired_lease_can_be_claimed_and_the_old_attempt_is_stale(db, admitted):
    old = claim(admitted.id, run())
    expire_lease(db, admitted)
    new = claim(admitted.id, run())
    assert new.token == 2
    with pytest.raises(StaleAttempt):
        old.settle({"who": "old"})
    with pytest.raises(StaleAttempt), once(old, "step", "1") as entry:
        entry.result = "late"
    new.settle({"who": "new"})
    assert delivery_of(db, admitted.event_id).result == {"who": "new"}


def test_the_effect_of_a_stale_attempt_is_rolled_back_with_its_ledger_row(db, admitted):
    old = claim(admitted.id, run())
    expire_lease(db, admitted)
    claim(admitted.id, run())
    with pytest.raises(StaleAttempt), once(old, "step", "1") as entry:
        entry.connection.execute(
            text("INSERT INTO app.app_user (id, workspace_id, email) VALUES ('u', 'acme', 'u@example.com')")
        )
        entry.result = 1
    assert scalar(db, "SELECT count(*) FROM app.app_user") == 0


def test_a_claim_waits_for_the_write_of_the_attempt_before_and_sees_it(db, admitted):
    old = claim(admitted.id, run())
    expire_lease(db, admitted)
    with ThreadPoolExecutor(1) as pool, db.engine.connect() as connection:
        with connection.begin():
            connection.execute(
                text("SELECT 1 FROM groundwork.delivery WHERE id = :id FOR KEY SHARE"), {"id": admitted.id}
            )
            pending = pool.submit(claim, admitted.id, run())
            with pytest.raises(TimeoutError):
                pending.result(timeout=0.3)
        assert pending.result(timeout=10).token == old.token + 1


def test_the_lease_can_be_renewed_during_a_ledger_write(db, admitted):
    attempt = claim(admitted.id, run())
    with once(attempt, "step", "1") as entry:
        entry.connection.execute(
            text("SELECT 1 FROM groundwork.delivery WHERE id = :id FOR KEY SHARE"), {"id": admitted.id}
        )
        attempt.report({"rows": 1})
        entry.result = 1
    assert delivery_of(db, admitted.event_id).progress == {"rows": 1}


def test_an_effect_is_written_once_per_key(admitted):
    attempt = claim(admitted.id, run())
    calls = []
    for key in ("1", "2", "1"):
        with once(attempt, "step", key) as entry:
            if entry.result is None:
                calls.append(key)
                entry.result = {"key": key}
    assert calls == ["1", "2"]
    assert written(attempt, "step") == {"1": {"key": "1"}, "2": {"key": "2"}}


def test_a_settled_delivery_cannot_be_claimed(admitted):
    claim(admitted.id, run()).settle("done")
    assert claim(admitted.id, run()) is None


def test_a_person_may_retry_the_failed_run_but_no_other_run_may(db, admitted):
    failed = run()
    claim(admitted.id, failed).fail(ValueError("no"))
    assert delivery_of(db, admitted.event_id).last_error == "ValueError: no"
    assert claim(admitted.id, run()) is None
    assert claim(admitted.id, failed).token == 2


def test_a_run_started_by_a_person_is_recorded_like_any_other(db):
    register_job(db)
    register_job(db, "audit-csv")
    attempt = claim_started_by_person(csv_import_confirmed(), "process-csv", run())
    delivery = delivery_of(db, attempt.event_id)
    assert (delivery.job, delivery.state, delivery.attempt) == ("process-csv", "running", 1)


@pytest.mark.parametrize(("scheduled", "source"), [(True, "schedule"), (False, "person")])
def test_a_run_without_a_delivery_is_recorded_with_who_started_it(db, scheduled, source):
    register_job(db)
    claim_started_by_person(csv_import_confirmed(), "process-csv", Run(flow_run_id=flow_run_id(), scheduled=scheduled))
    assert scalar(db, "SELECT source FROM groundwork.event") == source


def test_a_run_that_nobody_sent_an_event_for_outlives_a_cut_connection(db):
    register_job(db)
    attempts = []
    thread = threading.Thread(
        target=lambda: attempts.append(claim_started_by_person(csv_import_confirmed(), "process-csv", run()))
    )
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with db.transaction() as holder:
        holder.execute(text("LOCK TABLE groundwork.delivery"))
        thread.start()
        wait_until(lambda: scalar(db, cut), what="the claim waits, and its connection is cut")
    thread.join()
    [attempt] = attempts
    assert delivery_of(db, attempt.event_id).state == "running"


def test_a_run_of_an_unregistered_job_names_the_cure(db):
    with pytest.raises(ConfigurationError, match="groundwork deploy"):
        claim_started_by_person(csv_import_confirmed(), "process-csv", run())


def test_a_live_attempt_keeps_its_lease(db, admitted, monkeypatch):
    from groundwork.blocks.settings import settings

    monkeypatch.setattr(settings(), "lease_seconds", 1.0)
    attempt = claim(admitted.id, run())
    before = delivery_of(db, admitted.event_id).lease_expires_at
    with attempt.running():
        deadline = threading.Event()
        for _ in range(100):
            if delivery_of(db, admitted.event_id).lease_expires_at > before:
                break
            deadline.wait(0.1)
    assert delivery_of(db, admitted.event_id).lease_expires_at > before


def test_an_outcome_whose_answer_was_lost_may_be_told_again(db, admitted):
    attempt = claim(admitted.id, run())
    attempt.settle({"rows": 1})
    attempt.settle({"rows": 1})
    assert delivery_of(db, admitted.event_id).result == {"rows": 1}


def test_another_outcome_of_an_ended_attempt_is_refused(admitted):
    attempt = claim(admitted.id, run())
    attempt.settle()
    with pytest.raises(StaleAttempt):
        attempt.fail(ValueError("too late"))
