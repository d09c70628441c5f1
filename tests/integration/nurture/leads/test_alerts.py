"""An agent hears of a hot lead once, at a time of day at which that is welcome, by mail and by webhook."""

import os
import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from groundwork.blocks.process_cache import forget
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.dead_letters import dead_letters, replay
from groundwork.events.inbox.hosts import ask_for_hosts
from groundwork.events.nurture.leads import HotLeadDetected
from groundwork.notifications import notify_once
from groundwork.tasks.nurture.notify import MAILS_AT_ONCE
from groundwork.tasks.nurture.webhooks.signing import webhook_secrets
from tests.factories import register_job, scalar, send_many
from tests.integration.mailing import add_user, mails
from tests.integration.nurture.leads.agency import ACME, add_agency, add_contact, change_agency, heat, rows

DELIVERY = "SELECT * FROM groundwork.delivery WHERE job = 'alert-hot-lead' ORDER BY accepted_at"


@pytest.fixture
def acme(db, registered):
    """An agency with an agent, a colleague, and a lead of the agent's; a stranger works elsewhere."""
    add_agency(db, contacts=[])
    for user in ("ada", "ben"):
        add_user(db, user)
    add_user(db, "eve", workspace_id="globex")
    add_contact(db, "c1", agent_id="ada", last_name="Hopper", phone="+44 20 7946 0000", category="vendor")
    return db


@pytest.fixture
def lead_url():
    os.environ["GROUNDWORK_LEAD_URL"] = "https://app.example/{workspace}/leads/{contact}"
    forget()
    yield
    del os.environ["GROUNDWORK_LEAD_URL"]
    forget()


def alert(db):
    return rows(db, DELIVERY)[-1]


def told(outbox) -> list[str]:
    return sorted(message["To"].addresses[0].addr_spec for message in mails(outbox))


@pytest.mark.usefixtures("lead_url")
def test_the_agent_hears_of_it_with_the_reasons_and_a_link(acme, go, postmaster):
    heat(acme)
    go()
    [message] = postmaster.received
    assert postmaster.recipients == ["ada@example.com"]
    assert message["Subject"] == "Hot lead: Grace Hopper"
    words = message.get_body(("plain",)).get_content()
    assert "a score of 70" in words
    assert re.search(r"asked for a valuation: (50\.0|49\.9) points", words)
    assert "replied: " in words
    assert "+44 20 7946 0000" in words
    assert "https://app.example/acme/leads/c1" in words
    assert 'href="https://app.example/acme/leads/c1"' in message.get_body(("html",)).get_content()
    assert "/unsubscribe/" in message["List-Unsubscribe"]
    assert alert(acme).result["mails"] == [{"user_id": "ada", "sent": True, "refused": None}]


def test_the_webhook_hears_of_it_signed_with_the_agencys_secret(acme, go, outbox, receiver):
    change_agency(acme, webhook_url=receiver.url)
    heat(acme)
    go()
    [call] = receiver.calls
    message = call.verified(webhook_secrets(ACME, 1)[0])
    assert message["type"] == "lead.hot"
    assert {name: message["data"][name] for name in ("contactId", "crossing", "threshold", "name", "category")} == {
        "contactId": "c1",
        "crossing": 1,
        "threshold": 60,
        "name": "Grace Hopper",
        "category": "vendor",
    }
    assert [each["kind"] for each in message["data"]["reasons"]] == ["valuation-request", "reply"]
    assert re.fullmatch("msg_[0-9a-f]{32}", call.headers["webhook-id"])
    assert (alert(acme).state, alert(acme).result["webhook"], told(outbox)) == ("done", 204, ["ada@example.com"])


@pytest.mark.parametrize("agent", [None, "gone", "eve"])
def test_without_an_agent_of_the_agency_all_of_its_people_hear_of_it_and_nobody_else(acme, go, outbox, agent):
    with acme.transaction() as connection:
        connection.execute(text("UPDATE nurture.contact SET agent_id = :agent"), {"agent": agent})
    heat(acme)
    go()
    assert told(outbox) == ["ada@example.com", "ben@example.com"]


def test_a_large_agency_hears_of_it_as_a_whole_a_few_mails_at_a_time(acme, go, postmaster, monkeypatch):
    at_once: list[int] = []
    under_way: set[str] = set()

    def counted(user_id, *rest):
        under_way.add(user_id)
        at_once.append(len(under_way))
        try:
            return notify_once(user_id, *rest)
        finally:
            under_way.remove(user_id)

    monkeypatch.setattr("groundwork.tasks.nurture.notify.notify_once", counted)
    with acme.transaction() as connection:
        connection.execute(text("UPDATE nurture.contact SET agent_id = NULL"))
    for number in range(30):
        add_user(acme, f"user{number}")
    heat(acme)
    go()
    assert len(set(postmaster.recipients)) == len(postmaster.recipients) == 32
    assert max(at_once) <= MAILS_AT_ONCE


def test_who_does_not_want_alerts_gets_none_and_that_is_no_failure(acme, go, outbox):
    add_user(acme, "cleo", off=["hot-leads"])
    with acme.transaction() as connection:
        connection.execute(text("UPDATE nurture.contact SET agent_id = 'cleo'"))
    heat(acme)
    go()
    assert (told(outbox), alert(acme).state) == ([], "done")


def test_a_crossing_is_told_of_once_whoever_sends_the_event_again(acme, go, outbox, receiver):
    change_agency(acme, webhook_url=receiver.url)
    heat(acme)
    go()
    again = rows(acme, "SELECT data FROM groundwork.event WHERE name = 'lead/hot.detected'")[0].data
    send(HotLeadDetected.model_validate(again | {"workspaceId": "acme"}))
    go()
    assert alert(acme).result == {"told": False, "reason": "another delivery tells of this crossing"}
    assert (told(outbox), len(receiver.calls)) == (["ada@example.com"], 1)


def test_a_crossing_that_there_was_not_is_refused(acme, go, outbox):
    send(
        HotLeadDetected(
            workspace_id=ACME, contact_id="c1", crossing=9, score=70, threshold=60, detected_at=datetime.now(UTC)
        )
    )
    go()
    assert "has no lead c1 that has become hot 9 times" in alert(acme).last_error
    heat(acme)
    go()
    assert told(outbox) == ["ada@example.com"]


class TestQuietHours:
    @pytest.fixture
    def at_night(self, acme):
        """It is quiet in the agency, for about two hours more."""
        zone = ZoneInfo("Australia/Lord_Howe")
        now = datetime.now(zone)
        begins, ends = (now - timedelta(hours=2)).time(), (now + timedelta(hours=2)).time()
        change_agency(
            acme, time_zone=zone.key, quiet_from=begins.replace(tzinfo=None), quiet_until=ends.replace(tzinfo=None)
        )
        return acme

    def test_an_alert_waits_for_their_end_without_a_worker(self, at_night, go, pass_time, outbox, receiver):
        change_agency(at_night, webhook_url=receiver.url)
        heat(at_night)
        go()
        asleep = alert(at_night)
        assert (asleep.state, asleep.waiting_for) == ("scheduled", "quiet-hours: its time")
        assert timedelta(hours=1.9) < asleep.not_before - datetime.now(UTC) <= timedelta(hours=2)
        assert (told(outbox), receiver.calls) == ([], [])
        pass_time(7000)
        go()
        assert told(outbox) == []
        pass_time(220)
        go()
        assert (told(outbox), len(receiver.calls), alert(at_night).state) == (["ada@example.com"], 1, "done")

    def test_who_is_the_agent_by_then_hears_of_it(self, at_night, go, pass_time, outbox):
        heat(at_night)
        go()
        with at_night.transaction() as connection:
            connection.execute(text("UPDATE nurture.contact SET agent_id = 'ben'"))
        pass_time(7300)
        go()
        assert told(outbox) == ["ben@example.com"]

    def test_one_that_is_asleep_holds_no_place(self, at_night, go, outbox):
        heat(at_night)
        go()
        assert scalar(at_night, "SELECT count(*) FROM groundwork.delivery WHERE state IN ('admitted', 'running')") == 0

    def test_a_time_zone_that_there_is_not_is_a_dead_letter_with_the_cure(self, acme, go, outbox):
        change_agency(acme, time_zone="Europe/Lodnon", quiet_from=time(20), quiet_until=time(8))
        heat(acme)
        go()
        assert "Set a name such as Europe/London, then replay." in alert(acme).last_error
        change_agency(acme, time_zone="Europe/London", quiet_from=time(0), quiet_until=time(0))
        replay_all(acme)
        go()
        assert told(outbox) == ["ada@example.com"]


def replay_all(db) -> None:
    with db.transaction() as connection:
        replay(connection, dead_letters(connection))


class TestFaults:
    def test_a_receiver_that_fails_twice_hears_of_it_under_one_id_and_the_agent_once(
        self, acme, go, pass_time, postmaster, receiver
    ):
        change_agency(acme, webhook_url=receiver.url)
        receiver.answers = [(500, {}), (0, {})]
        heat(acme)
        for _ in range(4):
            go()
            pass_time(30)
        assert len(receiver.calls) == 3
        assert len({each.headers["webhook-id"] for each in receiver.calls}) == 1
        assert len({each.body for each in receiver.calls}) == 1
        assert (postmaster.recipients, alert(acme).state) == (["ada@example.com"], "done")

    def test_a_receiver_that_asks_for_two_minutes_gets_them_without_a_worker(
        self, acme, go, pass_time, outbox, receiver
    ):
        change_agency(acme, webhook_url=receiver.url)
        receiver.answers = [(429, {"Retry-After": "120"})]
        heat(acme)
        go()
        assert (alert(acme).state, told(outbox), len(receiver.calls)) == ("scheduled", ["ada@example.com"], 1)
        pass_time(100)
        go()
        assert len(receiver.calls) == 1
        pass_time(60)
        go()
        assert (alert(acme).state, len(receiver.calls), len(mails(outbox))) == ("done", 2, 1)

    def test_a_webhook_that_is_gone_keeps_no_mail_and_a_replay_calls_it_alone(self, acme, go, postmaster, receiver):
        change_agency(acme, webhook_url=receiver.url)
        receiver.answers = [(410, {})]
        heat(acme)
        go()
        assert postmaster.recipients == ["ada@example.com"]
        assert "410 Gone" in alert(acme).last_error
        assert "secret-path" not in alert(acme).last_error
        replay_all(acme)
        go()
        assert (len(receiver.calls), postmaster.recipients, alert(acme).state) == (2, ["ada@example.com"], "done")

    def test_a_webhook_to_our_own_network_is_refused_and_the_mail_goes_out(self, acme, go, outbox):
        change_agency(acme, webhook_url="https://127.0.0.1:1/secret-path")
        heat(acme)
        go()
        assert "an address that is not public" in alert(acme).last_error
        assert told(outbox) == ["ada@example.com"]

    def test_a_colleague_without_a_mailbox_keeps_it_from_nobody(self, acme, go, postmaster):
        with acme.transaction() as connection:
            connection.execute(text("UPDATE nurture.contact SET agent_id = NULL"))
        postmaster.refusals["ada@example.com"] = "550 No such user"
        heat(acme)
        go()
        assert postmaster.recipients == ["ben@example.com"]
        [ada, ben] = alert(acme).result["mails"]
        assert (alert(acme).state, ben["sent"], "550 No such user" in ada["refused"]) == ("done", True, True)

    def test_an_alert_that_nobody_can_get_is_a_dead_letter(self, acme, go, postmaster):
        postmaster.refusals["ada@example.com"] = "550 No such user"
        heat(acme)
        go()
        assert "Nobody could be told of the hot lead" in alert(acme).last_error
        assert "550 No such user" in alert(acme).last_error

    def test_a_mail_server_that_is_busy_is_tried_again_and_the_webhook_does_not_wait(
        self, acme, go, postmaster, receiver
    ):
        change_agency(acme, webhook_url=receiver.url)
        postmaster.put_off["ada@example.com"] = 1
        heat(acme)
        go()
        assert (postmaster.recipients, len(receiver.calls), alert(acme).state) == (["ada@example.com"], 1, "done")

    def test_a_contact_that_is_deleted_before_is_a_dead_letter_that_says_so(self, acme, go, outbox):
        heat(acme)
        with acme.transaction() as connection:
            connection.execute(text("DELETE FROM nurture.contact"))
        go()
        assert "If the contact was deleted, nobody need be told" in alert(acme).last_error

    @pytest.mark.parametrize(
        "name",
        [
            "A" * 300,
            "Zoë 🏡 \u202egnitaR",
            "Bob\r\nBcc: eve@example.com",
            "<script>alert(1)</script>",
            "{{ user.email }}",
            " ",
        ],
    )
    def test_whatever_a_lead_is_called_the_mail_is_whole(self, acme, go, postmaster, name):
        with acme.transaction() as connection:
            connection.execute(text("UPDATE nurture.contact SET first_name = :name, last_name = NULL"), {"name": name})
        heat(acme)
        go()
        [message] = postmaster.received
        assert postmaster.envelopes[0][1] == ["ada@example.com"]
        assert message["Subject"].startswith("Hot lead: ")
        assert "Bcc" not in message
        assert "\u202e" not in message["Subject"]
        html = message.get_body(("html",)).get_content()
        assert "<script>" not in html


def test_an_alert_is_admitted_while_imports_hold_all_that_bulk_may_hold(acme, go):
    register_job(acme, lane=1000)
    for workspace in ("acme", "globex", "initech"):
        send_many(acme, workspace, 200)
    assert len(admit(capacity=10)) == 10
    assert admit(capacity=10) == []
    heat(acme)
    [alert] = admit(capacity=10)
    assert (alert.job, alert.light) == ("alert-hot-lead", True)
    assert [each.job for each in ask_for_hosts()] == ["alert-hot-lead"]
