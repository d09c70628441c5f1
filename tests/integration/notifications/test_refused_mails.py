"""Single mails that a real server refuses, at each stage: welcome, end of an import, dead letters."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from sqlalchemy import text

from groundwork.blocks.errors import (
    MailRefused,
    MailSetupRefused,
    MailTemporarilyRefused,
    NonRetriable,
    RecipientPutOff,
    RecipientRefused,
)
from groundwork.blocks.mail.connection import TimeLimits
from groundwork.blocks.settings import settings
from groundwork.events.inbox import claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.dead_letters import dead_letters
from groundwork.events.inbox.dead_letters import replay as replay_dead
from groundwork.flows.contacts.send_welcome import send_welcome
from groundwork.tasks.contacts.imports.notify import notify_finished
from groundwork.tasks.contacts.imports.record import ImportRecord, ImportSummary
from groundwork.tasks.contacts.users.steps import mail_welcome
from groundwork.tasks.operations.dead_letters.mail import mail_operators
from tests.factories import csv_import_confirmed, delivery_of, flow_run_id, register_job
from tests.integration.mailing import add_user
from tests.integration.notifications.test_send_welcome import replay
from tests.waiting import wait_until

RELAY_DENIED = "554 5.7.1 Relay access denied"
STAGES = [
    ("RCPT", RELAY_DENIED, MailSetupRefused),
    ("RCPT", "550 5.1.1 No such user", RecipientRefused),
    ("RCPT", "450 4.2.0 Greylisted", RecipientPutOff),
    ("MAIL", "530 5.7.0 Authentication required", MailSetupRefused),
    ("MAIL", "552 5.3.4 Message too big", MailRefused),
    ("MAIL", "451 4.3.0 Try later", MailTemporarilyRefused),
    ("DATA", "550 5.1.1 No such user", RecipientRefused),
    ("DATA", "554 5.7.1 Spam message rejected", MailRefused),
    ("DATA", RELAY_DENIED, MailSetupRefused),
    ("DATA", "452 4.3.1 Insufficient storage", MailTemporarilyRefused),
]


def refuse(postmaster, stage: str, answer: str, recipient: str) -> None:
    if stage == "MAIL":
        postmaster.answer_to_sender = answer
    elif stage == "RCPT":
        postmaster.refusals[recipient] = answer
    else:
        postmaster.answer_to_data = answer


def take_again(postmaster) -> None:
    postmaster.answer_to_sender, postmaster.answer_to_data = None, "250 OK"
    postmaster.refusals.clear()


@pytest.mark.parametrize(("stage", "answer", "error"), STAGES)
def test_a_welcome_mail_that_is_refused_is_a_dead_letter_until_its_replay_sends_it(
    db,
    prefect_api,
    signed_up,
    postmaster,
    monkeypatch,
    stage,
    answer,
    error,
):
    monkeypatch.setattr("groundwork.flows.contacts.send_welcome.mail_welcome", mail_welcome.with_options(retries=0))
    add_user(db, "ada")
    refuse(postmaster, stage, answer, "ada@example.com")
    delivery = signed_up()
    with pytest.raises(error) as caught:
        send_welcome(delivery_id=delivery.id)
    assert type(caught.value) is error
    assert answer in delivery_of(db, delivery.event_id).last_error
    take_again(postmaster)
    replay(db, delivery)
    assert send_welcome(delivery_id=delivery.id) == {"sent": True}
    assert postmaster.recipients == ["ada@example.com"]


@pytest.mark.parametrize(("stage", "answer", "error"), STAGES)
def test_the_mail_about_an_import_that_is_refused_is_not_noted_as_sent(
    db,
    attempt,
    postmaster,
    stage,
    answer,
    error,
):
    event = csv_import_confirmed(user="ann")
    refuse(postmaster, stage, answer, "ann@example.com")
    record = ImportRecord(id="import-1", workspace_id="acme", filename="contacts.csv", blob_path="imports/1.csv")
    summary = ImportSummary(
        status="completed",
        rows=1,
        inserted=1,
        updated=0,
        skipped=0,
        duplicates=0,
        rejected=0,
        reasons={},
        seconds=1.0,
        rejects_path=None,
    )
    with pytest.raises(error) as caught:
        notify_finished.fn(event, record, summary)
    assert type(caught.value) is error
    assert isinstance(caught.value, NonRetriable) is (error in (RecipientRefused, MailRefused))
    take_again(postmaster)
    assert notify_finished.fn(event, record, summary) is True
    assert postmaster.recipients == ["ann@example.com"]


@pytest.mark.parametrize(("stage", "answer", "error"), STAGES)
def test_operators_who_could_not_be_told_of_dead_letters_are_told_later(
    db, postmaster, monkeypatch, stage, answer, error
):
    monkeypatch.setattr(settings(), "operators_email", "operators@example.com")
    register_job(db)
    event_id = send(csv_import_confirmed())
    admit(capacity=100)
    claim(delivery_of(db, event_id).id, Run(flow_run_id=flow_run_id())).fail(ConnectionError("away"))
    refuse(postmaster, stage, answer, "operators@example.com")
    with pytest.raises(error) as caught:
        mail_operators.fn()
    assert type(caught.value) is error
    take_again(postmaster)
    assert mail_operators.fn() == 1
    assert mail_operators.fn() == 0
    assert postmaster.recipients == ["operators@example.com"]


@pytest.fixture
def dead(db, monkeypatch):
    """Makes dead letters whose errors are long, and gives the operators an address."""
    monkeypatch.setattr(settings(), "operators_email", "operators@example.com")
    register_job(db, lane=100)

    def die(number: int, error: str) -> None:
        events = [send(csv_import_confirmed(f"import-{each}")) for each in range(number)]
        admit(capacity=100)
        for event_id in events:
            claim(delivery_of(db, event_id).id, Run(flow_run_id=flow_run_id())).fail(ConnectionError(error))

    return die


def test_the_mail_to_the_operators_stays_small_whatever_the_errors_are(db, postmaster, dead):
    dead(25, "<away> & " * 50_000)
    assert mail_operators.fn() == 25
    assert len(postmaster.raw[0]) < 102_000
    assert "25 dead letters" in postmaster.received[0].get_body(("plain",)).get_content()


def test_a_replay_does_not_wait_for_the_mail_to_the_operators(db, postmaster, dead, monkeypatch):
    monkeypatch.setattr("groundwork.blocks.mail.connection.LIMITS", TimeLimits(*[3.0] * 5))
    dead(1, "away")
    postmaster.hangs = True
    with ThreadPoolExecutor(1) as pool:
        mailing = pool.submit(copy_context().run, mail_operators.fn)
        wait_until(lambda: postmaster.waiting)
        with db.transaction() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '1s'"))
            assert len(replay_dead(connection, dead_letters(connection))) == 1
        with pytest.raises(MailTemporarilyRefused):
            mailing.result()
