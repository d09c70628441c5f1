"""A mail waits for hours, for a server that puts it off and for a set-up that is refused, without a worker."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Row, insert

from groundwork.blocks.schema.contacts import contact
from groundwork.events.contacts.digests import WeeklyDigestDue
from groundwork.events.contacts.users import UserSignedUp
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.clock import advance
from groundwork.flows.contacts.send_weekly_digest import send_weekly_digest
from groundwork.flows.contacts.send_welcome import send_welcome
from groundwork.tasks.contacts.digests.week import Week
from tests.factories import delivery_of, register_job
from tests.integration.mailing import add_user

pytestmark = pytest.mark.usefixtures("prefect_api", "undelayed")

HOUR = 3600.0
ANSWERS = {
    "later": "451 4.3.0 Try again later",
    "relay denied": "554 5.7.1 Relay access denied",
}
JOBS = {"welcome": send_welcome, "digest": send_weekly_digest}


@pytest.fixture(params=JOBS)
def mail(request, db) -> Callable[[Callable[[float], object]], tuple[float, Row]]:
    """A mail to ada by a job. It is run until its delivery has ended; gives the seconds waited, and the delivery."""
    add_user(db, "ada")
    if request.param == "welcome":
        register_job(db, "send-welcome", "user/signed.up")
        event_id = send(UserSignedUp(workspace_id=WorkspaceId("acme"), user_id=UserId("ada")))
    else:
        register_job(db, "send-weekly-digest", "digest/week.due")
        week = Week.last_complete(datetime.now(UTC))
        row = {"workspace_id": "acme", "email": "c@example.com", "created_at": week.begins_at}
        with db.transaction() as connection:
            connection.execute(insert(contact).values(updated_at=week.begins_at, **row))
        event_id = send(WeeklyDigestDue(workspace_id=WorkspaceId("acme"), week=week.name))

    def run(meanwhile: Callable[[float], object]) -> tuple[float, Row]:
        waited = 0.0
        while admit(10):
            JOBS[request.param](delivery_id=delivery_of(db, event_id).id, return_state=True)
            delivery = delivery_of(db, event_id)
            if delivery.state != "scheduled":
                return waited, delivery
            seconds = (delivery.not_before - datetime.now(UTC)).total_seconds()
            waited += seconds
            with db.transaction() as connection:
                advance(connection, seconds + 1)
            meanwhile(waited)
        raise AssertionError("it may not start")

    return run


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_mail_is_sent_once_the_server_takes_it_hours_later(mail, postmaster, answer):
    postmaster.refusals["ada@example.com"] = ANSWERS[answer]
    _, delivery = mail(lambda waited: postmaster.refusals.clear() if waited > 1.5 * HOUR else None)
    assert delivery.state == "done"
    assert postmaster.recipients == ["ada@example.com"]
    assert delivery.attempt < 16


@pytest.mark.parametrize("answer", ANSWERS)
def test_after_hours_it_is_a_dead_letter_that_says_why_and_never_done(mail, postmaster, answer):
    postmaster.refusals["ada@example.com"] = ANSWERS[answer]
    waited, delivery = mail(lambda _: None)
    assert 2 * HOUR < waited < 6.3 * HOUR
    assert delivery.state == "failed"
    assert ANSWERS[answer] in delivery.last_error
