"""The mails of a sequence go out on their days, once each, as long as the contact may be written to."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from groundwork.events.inbox import send
from groundwork.events.nurture.contacts import ContactReplied, ContactUnsubscribed
from groundwork.tasks.nurture.contacts.end_of_mails import read_unsubscribe_token, unsubscribe
from groundwork.tasks.nurture.sequences import mailing
from tests.factories import scalar
from tests.integration.mailing import by_smtp, mails
from tests.integration.nurture.agencies import ACME, add_agency, contact, give, rows

DAY = 86_400.0
WRITING = "start-sequence", "generate-sequence"


@pytest.fixture
def stored(db, go) -> None:
    """A contact with a sequence, of which nothing is sent yet."""
    add_agency(db)
    give(db)
    go(*WRITING)


def delivery_states(db) -> list[str]:
    with db.transaction() as connection:
        query = "SELECT state FROM groundwork.delivery WHERE job = 'send-sequence' ORDER BY sequence"
        return list(connection.execute(text(query)).scalars())


def test_the_first_mail_goes_out_at_once_and_the_others_on_their_days(db, go, stored, outbox, pass_time):
    [state] = go("send-sequence")
    assert state.name == "Suspended"
    assert len(mails(outbox)) == 1
    pass_time(3 * DAY)
    go("send-sequence")
    assert len(mails(outbox)) == 2
    pass_time(8 * DAY)  # the clock of the process has not moved
    [state] = go("send-sequence")
    assert len(mails(outbox)) == 3
    assert state.type.value == "COMPLETED"
    assert delivery_states(db) == ["done"]
    [sequence] = rows(db, "sequence")
    assert sequence["finished_at"] is not None
    assert all(each["sent_at"] and each["message_id"] for each in rows(db, "sequence_mail"))


def test_a_mail_comes_from_the_agency_and_can_be_ended_with_one_click(db, go, stored, outbox):
    go("send-sequence")
    [mail] = mails(outbox)
    assert mail["To"] == "c-1@example.com"
    assert mail["From"].addresses[0].display_name == "Acme Homes"
    assert mail["Reply-To"] == "Acme Homes <hello@acme-homes.example>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = mail["List-Unsubscribe"].strip("<>")
    assert "/nurture/unsubscribe/" in url
    assert read_unsubscribe_token(url.rpartition("/")[2]) == (ACME, "c-1")
    plain = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert url in plain
    assert f'href="{url}"' in html
    for part in (plain, html):
        assert "1 High Street" in part
        assert "You get this mail because you are a contact of Acme Homes" in part


@pytest.mark.parametrize("reason", ["unsubscribed", "replied", "category"])
def test_what_the_contact_does_ends_the_sequence_at_once(db, go, stored, outbox, pass_time, reason):
    go("send-sequence")
    if reason == "unsubscribed":
        with db.transaction() as connection:
            assert unsubscribe(connection, ACME, "c-1")
            assert not unsubscribe(connection, ACME, "c-1")
    elif reason == "replied":
        send(ContactReplied(workspace_id=ACME, contact_id="c-1", replied_at=datetime.now(UTC)))
    else:
        give(db, category="vendor")
    assert delivery_states(db) == ["cancelled"]
    go("note-reply", "note-unsubscribe")
    pass_time(60 * DAY)
    go("send-sequence")
    assert len(mails(outbox)) == 1
    [sequence] = rows(db, "sequence")
    assert sequence["stopped_at"] is not None
    assert sequence["finished_at"] is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("unsubscribed_at = now()", "the contact has unsubscribed"),
        ("replied_at = now()", "the contact has replied"),
        ("category = 'vendor', category_since = now()", "the contact has another category"),
        ("email = NULL", "the contact has no e-mail address any more"),
    ],
)
def test_a_mail_is_not_sent_where_the_row_says_so_though_no_event_came(db, go, stored, outbox, change, told):
    with db.transaction() as connection:
        connection.execute(text(f"UPDATE nurture.contact SET {change}"))
    go("send-sequence")
    assert mails(outbox) == []
    assert scalar(db, "SELECT result ->> 'stopped' FROM groundwork.delivery WHERE job = 'send-sequence'") == told
    assert rows(db, "sequence")[0]["stop_reason"] == told


def test_an_unsubscribed_contact_gets_no_sequence_for_another_category_either(db, go, stored):
    send(ContactUnsubscribed(workspace_id=ACME, contact_id="c-1"))
    go("note-unsubscribe")
    give(db, category="investor")
    go(*WRITING)
    assert [each["category"] for each in rows(db, "sequence")] == ["buyer"]


def test_a_reply_of_a_clock_that_is_ahead_ends_no_sequence_of_later(db, go, stored, outbox):
    send(ContactReplied(workspace_id=ACME, contact_id="c-1", replied_at=datetime.now(UTC) + timedelta(days=99)))
    go("note-reply")
    give(db, category="investor")
    go(*WRITING, "send-sequence")
    assert len(mails(outbox)) == 1


def test_a_server_that_drops_the_answer_is_sent_the_same_message_again(db, go, stored):
    with by_smtp() as postmaster:
        postmaster.drops = 1
        go("send-sequence")
        assert len({each["Message-ID"] for each in postmaster.received}) == 1
        assert len(postmaster.received) == 2


def test_a_mail_that_is_noted_as_sent_is_not_sent_by_a_second_delivery(db, go, stored, outbox):
    [sequence] = rows(db, "sequence")
    first = mailing.send_if_wanted(ACME, sequence["id"], 1)
    second = mailing.send_if_wanted(ACME, sequence["id"], 1)
    assert first == second
    assert len(mails(outbox)) == 1


def test_a_server_that_is_away_is_waited_for(db, go, stored):
    with by_smtp() as postmaster:
        postmaster.put_off["c-1@example.com"] = 3
        go("send-sequence")
        assert len(postmaster.received) == 1


def test_names_of_any_kind_arrive_as_one_line(db, go, outbox):
    add_agency(db, name='Émile & Söhne "Immobilien"')
    give(db, contact("c-9", first_name="نور", last_name="x" * 300))
    go(*WRITING, "send-sequence")
    [mail] = mails(outbox)
    assert mail.get_body(("plain",)).get_content().startswith("Hello نور,")
    assert mail["From"].addresses[0].display_name == 'Émile & Söhne "Immobilien"'
    assert "Émile &amp; Söhne" in mail.get_body(("html",)).get_content()


def test_two_workspaces_with_a_contact_of_one_id_are_two(db, go, stored, outbox):
    with db.transaction() as connection:
        assert unsubscribe(connection, "other", "c-1") is False
    go("send-sequence")
    assert len(mails(outbox)) == 1


def test_later_mails_go_out_in_the_agencys_morning(db, go, stored):
    [sequence] = rows(db, "sequence")
    with db.transaction() as connection:
        due = mailing.due_mails(connection, ACME, sequence["id"])

    london = [each.due_at.astimezone(ZoneInfo("Europe/London")) for each in due]
    assert [each.hour for each in london[1:]] == [9, 9]
    assert (london[1].date() - london[0].date()) == timedelta(days=2)
