"""An event and a wait that come at the same moment find each other, whichever of the two is seen last."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import pytest
from sqlalchemy import text

from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send, wait
from groundwork.events.inbox.admission import admit
from tests.factories import delivery_of, scalar
from tests.integration.waiting.waiting_jobs import AlertWanted, ContactAnswered, TwiceWanted
from tests.waiting import wait_until

ACME = WorkspaceId("acme")


def wanted() -> TwiceWanted:
    return TwiceWanted(workspace_id=ACME, contact_id="c1")


def answered() -> ContactAnswered:
    return ContactAnswered(workspace_id=ACME, contact_id="c1", text="yes")


def in_thread(work: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=copy_context().run, args=(work,))
    thread.start()
    return thread


def is_blocked(db) -> bool:
    return bool(scalar(db, "SELECT count(*) FROM pg_locks WHERE NOT granted"))


def waits_for(db, event_id) -> str | None:
    return delivery_of(db, event_id).waiting_for


def have_waited_before(db, go) -> None:
    """Events of the name are noted as arrivals from now on."""
    send(wanted())
    go()


def test_an_event_that_is_being_accepted_as_its_name_is_first_waited_for(db, go):
    event_id = send(wanted())
    with db.transaction() as connection:
        send(answered(), connection)
        run = in_thread(go)
        wait_until(lambda: is_blocked(db), what="the wait stands behind the acceptance")
        assert waits_for(db, event_id) is None
    run.join(30)
    assert waits_for(db, event_id) == "answer-2: event test/contact.answered"


def test_an_acceptance_that_lasts_holds_others_up_for_moments_only(db, go):
    event_id = send(wanted())
    with db.transaction() as connection:
        send(answered(), connection)
        run = in_thread(go)
        wait_until(lambda: is_blocked(db))
        for _ in range(3):
            send(ContactAnswered(workspace_id=ACME, contact_id="another"))
    run.join(30)
    assert waits_for(db, event_id) == "answer-2: event test/contact.answered"


def test_an_event_that_is_being_accepted_as_the_wait_is_set_up(db, go):
    have_waited_before(db, go)
    event_id = send(wanted())
    with db.transaction() as connection:
        send(answered(), connection)
        go()
        assert waits_for(db, event_id) == "answer-1: event test/contact.answered"
    go()
    assert waits_for(db, event_id) == "answer-2: event test/contact.answered"


def test_an_event_that_is_answered_by_between_set_up_and_look(db, go, monkeypatch):
    have_waited_before(db, go)
    event_id = send(wanted())
    set_up = wait._set_up

    def set_up_and_have_it_answered(attempt, what, event):
        set_up(attempt, what, event)
        if what.name == "answer-1":
            send(answered())
            admit(0)
            assert scalar(db, "SELECT count(*) FROM groundwork.wait WHERE state = 'answered'") == 2

    monkeypatch.setattr(wait, "_set_up", set_up_and_have_it_answered)
    go()
    assert waits_for(db, event_id) == "answer-2: event test/contact.answered"


def test_an_event_that_is_answered_by_while_the_delivery_is_being_suspended(db, go, monkeypatch):
    have_waited_before(db, go)
    event_id = send(wanted())
    suspend = wait.suspend
    answering: list[threading.Thread] = []

    def suspend_while_the_relay_answers(connection, attempt, until, words):
        suspended = suspend(connection, attempt, until, words)
        if not answering:
            send(answered())
            answering.append(in_thread(lambda: admit(0)))
            wait_until(lambda: is_blocked(db), what="the relay stands behind the wait")
        return suspended

    monkeypatch.setattr(wait, "suspend", suspend_while_the_relay_answers)
    admitted = admit(100)
    from groundwork.flows.job import flow_of

    [mine] = [each for each in admitted if each.id == delivery_of(db, event_id).id]
    flow_of(mine.job)(delivery_id=mine.id, return_state=True)
    answering[0].join(30)
    assert delivery_of(db, event_id).state == "queued", "it was woken"
    go()
    assert waits_for(db, event_id) == "answer-2: event test/contact.answered"


def test_a_job_that_ends_before_its_end_is_waited_for(db, go, monkeypatch):
    event_id = send(AlertWanted(workspace_id=ACME, contact_id="c123"))
    look = wait._answer

    def other_first(connection, attempt, what):
        if scalar(db, "SELECT state FROM groundwork.delivery WHERE job = 'score-contact'") == "queued":
            with db.transaction() as other:
                other.execute(
                    text(
                        "UPDATE groundwork.delivery SET state = 'done', settled_at = now(), result = '{\"score\": 9}'"
                        " WHERE job = 'score-contact'"
                    )
                )
        return look(connection, attempt, what)

    monkeypatch.setattr(wait, "_answer", other_first)
    assert len(go()) == 1
    assert (delivery_of(db, event_id).state, delivery_of(db, event_id).result) == ("done", 9)


@pytest.mark.parametrize("late", [False, True])
def test_an_event_and_the_end_of_the_time_at_once(db, go, pass_time, late):
    have_waited_before(db, go)
    event_id = send(wanted())
    go()
    if late:
        pass_time(60)
    send(answered())
    if not late:
        pass_time(60)
    # Both are there when the relay looks: what was accepted in time counts.
    go()
    first = "SELECT state FROM groundwork.wait WHERE name = 'answer-1' AND delivery_id = :id"
    assert scalar(db, first, id=delivery_of(db, event_id).id) == ("over" if late else "answered")
