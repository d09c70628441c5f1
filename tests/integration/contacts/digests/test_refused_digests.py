"""A digest whose mails are refused, by a real server, at each stage: whose fault it is decides what follows."""

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Self

import pytest
from sqlalchemy import text

from groundwork.blocks.errors import MailsNotSent
from groundwork.blocks.mail.connection import TimeLimits
from groundwork.blocks.process_cache import forget
from groundwork.flows.contacts.send_weekly_digest import send_weekly_digest
from tests.factories import delivery_of, register_job
from tests.integration.blocks.mail_server import Postmaster, serving
from tests.integration.contacts.digests.test_weekly_digest import add_contact, due, impatient
from tests.integration.mailing import add_user

pytestmark = pytest.mark.usefixtures("prefect_api")

NAMES = ("ada", "ben", "cleo")
EVERYBODY = [f"{name}@example.com" for name in NAMES]
RELAY_DENIED = "554 5.7.1 Relay access denied"


@pytest.fixture
def digest(db, monkeypatch):
    """A digest for three users that is due, without the pauses between tries."""
    monkeypatch.setattr("groundwork.flows.contacts.send_weekly_digest.mail_digests", impatient())
    register_job(db, "send-weekly-digest", "digest/week.due")
    for name in NAMES:
        add_user(db, name)
    add_contact(db)
    return delivery_of(db, due())


@pytest.fixture
def call_at(monkeypatch) -> Callable[[socket.socket], None]:
    """Makes a socket's port the mail server's."""

    def set_url(of: socket.socket) -> None:
        monkeypatch.setenv("GROUNDWORK_SMTP_URL", f"smtp://127.0.0.1:{of.getsockname()[1]}")
        forget()

    return set_url


class Silent:
    """A server that takes connections and says nothing."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.calls = 0
        self._taken: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in [self.listening, *self._taken]:
            each.close()

    def _take(self) -> None:
        while True:
            try:
                self._taken.append(self.listening.accept()[0])
            except OSError:
                return
            self.calls += 1


def replay(db, digest) -> dict:
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET state = 'admitted'"))
    return send_weekly_digest(delivery_id=digest.id)


def expect_dead_letter(db, digest, match: str) -> None:
    with pytest.raises(MailsNotSent, match=match):
        send_weekly_digest(delivery_id=digest.id)
    dead = delivery_of(db, digest.event_id)
    assert dead.state == "failed"
    assert "mails not sent" in dead.last_error


def test_a_server_that_relays_for_nobody_makes_a_dead_letter_and_a_replay_sends_to_all(db, digest, postmaster):
    postmaster.refusals = dict.fromkeys(EVERYBODY, RELAY_DENIED)
    expect_dead_letter(db, digest, r"3 of 3 mails not sent.*MailSetupRefused.*Relay access denied")
    assert postmaster.received == []
    postmaster.refusals.clear()
    assert replay(db, digest) == {"week": digest_week(db), "sent": 3, "refused": {}, "refused_in_all": 0}
    assert sorted(postmaster.recipients) == EVERYBODY


def test_a_relay_denied_to_one_is_no_bad_recipient_and_a_replay_mails_that_one_only(db, digest, postmaster):
    postmaster.refusals["ada@example.com"] = RELAY_DENIED
    expect_dead_letter(db, digest, "1 of 3 mails not sent")
    assert sorted(postmaster.recipients) == EVERYBODY[1:]
    postmaster.refusals.clear()
    assert replay(db, digest)["sent"] == 3
    assert sorted(postmaster.recipients) == EVERYBODY


def test_a_sender_who_is_refused_is_the_same_for_all_so_that_the_others_are_left_to_the_replay(db, digest, postmaster):
    postmaster.answer_to_sender = "553 5.7.1 Sender address rejected: not owned by user"
    expect_dead_letter(db, digest, "3 of 3 mails not sent.*2 were not tried")
    postmaster.answer_to_sender = None
    assert replay(db, digest)["sent"] == 3


@pytest.mark.parametrize("answer", ["550 5.7.26 This mail is unauthenticated", "554 5.6.0 Malformed", "452 4.3.1 Full"])
def test_content_that_is_refused_is_tried_with_everybody_and_never_done(db, digest, postmaster, answer):
    postmaster.answer_to_data = answer
    expect_dead_letter(db, digest, "3 of 3 mails not sent")
    postmaster.answer_to_data = "250 OK"
    assert replay(db, digest)["sent"] == 3


@pytest.mark.parametrize("answer", ["550 5.1.1 No such user", "552 5.2.2 Mailbox full", "550 No such user"])
def test_a_recipients_own_fault_is_told_and_the_others_get_theirs(db, digest, postmaster, answer):
    postmaster.refusals["ben@example.com"] = answer
    result = send_weekly_digest(delivery_id=digest.id)
    assert (result["sent"], list(result["refused"])) == (2, ["ben"])
    assert answer in result["refused"]["ben"]
    assert delivery_of(db, digest.event_id).state == "done"


def test_the_result_names_some_of_many_who_were_refused_and_says_how_many(db, digest, postmaster, monkeypatch):
    monkeypatch.setattr("groundwork.tasks.mail_round.REFUSED_TOLD", 2)
    postmaster.answer_to_data = "550 5.1.1 No such user"
    result = send_weekly_digest(delivery_id=digest.id)
    assert (len(result["refused"]), result["refused_in_all"]) == (2, 3)


def test_a_recipients_fault_that_is_told_after_the_content_is_still_theirs(db, digest, postmaster):
    postmaster.answer_to_data = "550 5.1.1 No such user"
    result = send_weekly_digest(delivery_id=digest.id)
    assert (result["sent"], len(result["refused"])) == (0, 3)


def test_an_error_that_nobody_foresaw_with_one_user_ends_nobody_elses_digest(db, digest, postmaster, monkeypatch):
    from groundwork.notifications import user

    genuine = user.render

    def render(template, **values):
        if values["user"]["name"] == "Ada":
            raise KeyError("a template that fails for Ada")
        return genuine(template, **values)

    monkeypatch.setattr(user, "render", render)
    expect_dead_letter(db, digest, "1 of 3 mails not sent.*KeyError.*fails for Ada")
    assert sorted(postmaster.recipients) == EVERYBODY[1:]
    monkeypatch.setattr(user, "render", genuine)
    assert replay(db, digest)["sent"] == 3
    assert sorted(postmaster.recipients) == EVERYBODY


def test_a_replay_that_is_refused_by_another_sends_to_those_it_can(db, digest, postmaster):
    postmaster.refusals = {"ada@example.com": RELAY_DENIED, "ben@example.com": RELAY_DENIED}
    expect_dead_letter(db, digest, "2 of 3")
    postmaster.refusals = {"ada@example.com": "550 5.1.1 No such user"}
    result = replay(db, digest)
    assert (result["sent"], list(result["refused"])) == (2, ["ada"])
    assert postmaster.recipients == ["cleo@example.com", "ben@example.com"]


def test_two_users_of_one_address_get_a_mail_each(db, digest, postmaster):
    add_user(db, "ada's double", email="ada@example.com")
    assert send_weekly_digest(delivery_id=digest.id)["sent"] == 4
    assert len({message["Message-ID"] for message in postmaster.received}) == 4


def test_whoever_has_left_the_workspace_since_is_not_told_its_figures(db, digest, postmaster):
    postmaster.refusals = dict.fromkeys(EVERYBODY, RELAY_DENIED)
    expect_dead_letter(db, digest, "3 of 3 mails not sent")
    postmaster.refusals.clear()
    with db.transaction() as connection:
        connection.execute(text("UPDATE app.app_user SET workspace_id = 'globex' WHERE id = 'ada'"))
        connection.execute(text("UPDATE app.app_user SET email = 'new@example.com' WHERE id = 'ben'"))
        connection.execute(text("DELETE FROM app.app_user WHERE id = 'cleo'"))
    assert replay(db, digest)["sent"] == 1
    assert postmaster.recipients == ["new@example.com"]


def test_a_server_that_is_away_costs_all_users_one_call(db, digest, call_at):
    for number in range(200):
        add_user(db, f"user-{number}")
    with socket.socket() as port_of_nobody:
        port_of_nobody.bind(("127.0.0.1", 0))  # and does not listen, so that calls are refused
        call_at(port_of_nobody)
        began = time.monotonic()
        expect_dead_letter(db, digest, "203 of 203 mails not sent.*refused.*202 were not tried")
        assert time.monotonic() - began < 10


def test_a_server_that_takes_calls_and_never_answers_costs_all_users_one_wait(db, digest, call_at, monkeypatch):
    monkeypatch.setattr("groundwork.blocks.mail.connection.LIMITS", TimeLimits(*[1.0] * 5))
    for number in range(200):
        add_user(db, f"user-{number}")
    with Silent() as silent:
        call_at(silent.listening)
        expect_dead_letter(db, digest, "203 of 203 mails not sent.*timed out.*202 were not tried")
        assert silent.calls == 1


def test_a_server_that_answers_again_is_called_again(db, digest, call_at, monkeypatch):
    monkeypatch.setattr("groundwork.blocks.mail.pool.AWAY_SECONDS", 0.0)
    with socket.socket() as port_of_nobody:
        port_of_nobody.bind(("127.0.0.1", 0))
        call_at(port_of_nobody)
        expect_dead_letter(db, digest, "3 of 3 mails not sent.*2 were not tried")
    postmaster = Postmaster()
    with serving(postmaster, port=int(os.environ["GROUNDWORK_SMTP_URL"].rpartition(":")[2])):
        assert replay(db, digest)["sent"] == 3


def test_a_server_that_takes_two_connections_gets_all_mails_over_them(db, digest, postmaster):
    for number in range(20):
        add_user(db, f"user-{number}")
    postmaster.most_sessions = 2
    assert send_weekly_digest(delivery_id=digest.id)["sent"] == 23
    assert len(set(postmaster.recipients)) == 23


def test_greylisting_of_everybody_costs_one_more_try_and_not_one_for_each_twenty(db, digest, postmaster):
    for number in range(60):
        add_user(db, f"user-{number}")
    postmaster.put_off = dict.fromkeys([f"user-{number}@example.com" for number in range(60)] + EVERYBODY, 1)
    expect_dead_letter(db, digest, "63 of 63 mails not sent.*450 4.2.0")
    assert replay(db, digest)["sent"] == 63


def test_a_set_up_that_relays_for_nobody_bars_us_after_twenty_mails_and_not_after_all(db, digest, postmaster):
    for number in range(60):
        add_user(db, f"user-{number}")
    relayed_for_none = {f"user-{number}@example.com": RELAY_DENIED for number in range(60)}
    postmaster.refusals = relayed_for_none | dict.fromkeys(EVERYBODY, RELAY_DENIED)
    expect_dead_letter(db, digest, "63 of 63 mails not sent.*4[0-3] were not tried")


def test_a_recipient_who_was_refused_for_good_is_not_asked_for_again_by_the_next_try(db, digest, postmaster):
    postmaster.refusals = {"ada@example.com": "550 5.1.1 No such user", "ben@example.com": RELAY_DENIED}
    expect_dead_letter(db, digest, "1 of 3.*Refused for good: ada")
    postmaster.refusals.clear()
    result = replay(db, digest)
    assert (result["sent"], list(result["refused"])) == (2, ["ada"])
    assert sorted(postmaster.recipients) == EVERYBODY[1:]


def digest_week(db) -> str:
    with db.transaction() as connection:
        return connection.execute(
            text("SELECT data ->> 'week' FROM groundwork.event WHERE name = 'digest/week.due'")
        ).scalar_one()
