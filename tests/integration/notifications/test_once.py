"""A notification is sent once for a delivery, whichever attempt sends it."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from uuid import uuid4

import pytest
from sqlalchemy import text

from groundwork.blocks.errors import ConfigurationError, MailTemporarilyRefused, RecipientRefused, StaleAttempt
from groundwork.blocks.mail.connection import TimeLimits
from groundwork.events.identifiers import UserId
from groundwork.events.inbox import Attempt, claim
from groundwork.events.inbox.claim import Run
from groundwork.notifications import notify_once
from groundwork.notifications.recipient import set_wanted
from tests.factories import scalar
from tests.waiting import wait_until

VALUES = {"filename": "contacts.csv", "error": "no e-mail column", "imported": 0}


def notify(user: str = "ann", template: str = "import_failed") -> bool:
    values = VALUES if template == "import_failed" else {}
    return notify_once(UserId(user), template, values)


def next_attempt(db, delivery_id) -> Attempt:
    """Another run takes the delivery over, as after a crash."""
    with db.transaction() as connection:
        connection.execute(
            text("UPDATE groundwork.delivery SET lease_expires_at = clock_timestamp() WHERE id = :id"),
            {"id": delivery_id},
        )
    attempt = claim(delivery_id, Run(flow_run_id=uuid4()))
    assert attempt is not None
    return attempt


def test_it_is_sent_once_by_one_attempt_and_by_the_next(db, attempt, postmaster):
    assert notify() is True
    assert notify() is True
    with next_attempt(db, attempt.delivery_id).as_current():
        assert notify() is True
    assert len(postmaster.received) == 1


def test_each_recipient_and_each_template_counts_for_itself(attempt, postmaster):
    notify("ann")
    notify("bob")
    notify("ann", "welcome")
    assert postmaster.recipients == ["ann@example.com", "bob@example.com", "ann@example.com"]


def test_a_change_of_address_does_not_send_it_again(db, attempt, postmaster):
    notify()
    with db.transaction() as connection:
        connection.execute(text("UPDATE app.app_user SET email = 'new@example.com' WHERE id = 'ann'"))
    notify()
    assert postmaster.recipients == ["ann@example.com"]


def test_a_setting_turned_on_later_does_not_send_what_was_not_wanted_then(db, attempt, postmaster):
    with db.transaction() as connection:
        set_wanted(connection, UserId("ann"), "imports", False)
    assert notify() is False
    with db.transaction() as connection:
        set_wanted(connection, UserId("ann"), "imports", True)
    assert notify() is False
    assert postmaster.received == []


def test_what_was_refused_is_not_recorded_as_sent(attempt, postmaster):
    postmaster.put_off["ann@example.com"] = 1
    with pytest.raises(MailTemporarilyRefused):
        notify()
    assert notify() is True
    postmaster.refusals["bob@example.com"] = "550 No such user"
    with pytest.raises(RecipientRefused, match="bob@example"):
        notify("bob")


def test_a_repeat_after_a_lost_answer_has_the_same_message_id(attempt, postmaster):
    postmaster.drops = 1
    with pytest.raises(MailTemporarilyRefused):
        notify()
    notify()
    notify()
    assert len(postmaster.received) == 2
    assert len({message["Message-ID"] for message in postmaster.received}) == 1


def test_an_attempt_that_has_lost_its_delivery_cannot_record(db, attempt, postmaster):
    later = next_attempt(db, attempt.delivery_id)
    with pytest.raises(StaleAttempt):
        notify()
    with later.as_current():
        notify()
    assert len({message["Message-ID"] for message in postmaster.received}) == 1


def test_no_transaction_is_open_while_the_mail_server_takes_its_time(db, attempt, postmaster, monkeypatch):
    monkeypatch.setattr("groundwork.blocks.mail.connection.LIMITS", TimeLimits(*[2.0] * 5))
    postmaster.hangs = True
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(copy_context().run, notify)
        wait_until(lambda: postmaster.waiting)
        assert scalar(db, "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'") == 0
        with pytest.raises(MailTemporarilyRefused):
            sending.result()


def test_outside_a_job_there_is_no_ledger_to_keep(db, outbox):
    with pytest.raises(ConfigurationError, match="call it from a job"):
        notify()


@pytest.mark.parametrize(
    ("change", "sent_to"),
    [
        ("DELETE FROM app.app_user WHERE id = 'ann'", []),
        ("UPDATE app.app_user SET workspace_id = 'globex' WHERE id = 'ann'", []),
        ("INSERT INTO app.notification_setting VALUES ('ann', 'imports', false)", []),
        ("UPDATE app.app_user SET name = 'Anna' WHERE id = 'ann'", ["Anna <ann@example.com>"]),
        ("UPDATE app.app_user SET email = 'new@example.com' WHERE id = 'ann'", ["Ann <new@example.com>"]),
        ("INSERT INTO app.mail_bounce VALUES ('ann', 'ann@example.com', 'hard', 'gone', now())", []),
    ],
)
def test_what_became_of_a_user_between_two_tries_is_heeded(db, attempt, postmaster, change, sent_to):
    postmaster.put_off["ann@example.com"] = 1
    with pytest.raises(MailTemporarilyRefused):
        notify()
    with db.transaction() as connection:
        connection.execute(text(change))
    assert notify() is bool(sent_to)
    assert [str(message["To"]) for message in postmaster.received] == sent_to
