"""The digest's two jobs with Prefect's real engine: the week is announced once, and each user gets one mail."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text

from groundwork.blocks.errors import MailTemporarilyRefused, NonRetriable
from groundwork.blocks.schema.contacts import contact
from groundwork.events.contacts.digests import WeeklyDigestDue
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.flows.contacts.send_weekly_digest import send_weekly_digest
from groundwork.flows.contacts.weekly_digest import weekly_digest
from groundwork.notifications.recipient import set_wanted
from groundwork.tasks.contacts.digests.week import Week
from tests.factories import delivery_of, register_job, scalar
from tests.integration.mailing import add_user, mails

pytestmark = pytest.mark.usefixtures("prefect_api")

LAST_WEEK = Week.last_complete(datetime.now(UTC))


@pytest.fixture
def jobs(db) -> None:
    register_job(db, "weekly-digest", "digest/week.ended")
    register_job(db, "send-weekly-digest", "digest/week.due")


def add_contact(db, workspace: str = "acme", week: Week = LAST_WEEK, **columns: object) -> None:
    moment = week.begins_at + timedelta(days=1)
    row = {"workspace_id": workspace, "email": "c@example.com", "created_at": moment, "updated_at": moment}
    with db.transaction() as connection:
        connection.execute(insert(contact).values(**row | columns))


def announced(db) -> list[tuple[str, str]]:
    """Workspace and week of each event."""
    query = "SELECT workspace_id, data ->> 'week' FROM groundwork.event WHERE name = 'digest/week.due' ORDER BY 1"
    with db.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def due(week: Week = LAST_WEEK):
    """A delivery of the digest of acme that may start; its id."""
    event_id = send(WeeklyDigestDue(workspace_id=WorkspaceId("acme"), week=week.name))
    admit(capacity=10)
    return event_id


@pytest.mark.usefixtures("jobs")
class TestAnnouncing:
    def test_each_active_workspace_is_told_of_the_last_complete_week_in_its_own_lane(self, db):
        add_contact(db)
        add_contact(db, "globex")
        add_contact(db, "asleep", week=LAST_WEEK.before)
        told = weekly_digest(workspace_id="platform")
        assert told == {"week": LAST_WEEK.name, "workspaces": 2, "announced": 2}
        assert announced(db) == [("acme", LAST_WEEK.name), ("globex", LAST_WEEK.name)]
        lanes = "SELECT count(DISTINCT workspace_id) FROM groundwork.delivery WHERE job = 'send-weekly-digest'"
        assert scalar(db, lanes) == 2

    def test_four_mondays_missed_are_caught_up_by_one_digest(self, db):
        for week in (LAST_WEEK, LAST_WEEK.before, LAST_WEEK.before.before):
            add_contact(db, week=week, email=f"{week.name}@example.com")
        results = [weekly_digest(workspace_id="platform") for _ in range(4)]
        assert [each["announced"] for each in results] == [1, 0, 0, 0]
        assert announced(db) == [("acme", LAST_WEEK.name)]

    def test_late_runs_that_start_at_once_announce_a_week_once(self, db):
        add_contact(db)
        with ThreadPoolExecutor(4) as pool:
            runs = [pool.submit(copy_context().run, weekly_digest, workspace_id="platform") for _ in range(4)]
            assert sum(run.result()["announced"] for run in runs) == 1
        assert len(announced(db)) == 1

    def test_an_operator_may_name_a_week(self, db):
        add_contact(db, week=LAST_WEEK.before)
        weekly_digest(workspace_id="platform", week=LAST_WEEK.before.name)
        assert announced(db) == [("acme", LAST_WEEK.before.name)]

    def test_a_week_is_announced_once_also_when_the_inbox_has_forgotten_it(self, db, outbox):
        add_contact(db)
        add_user(db, "ada")
        weekly_digest(workspace_id="platform")
        admit(10)
        [[due_id]] = scalar(db, "SELECT array_agg(ARRAY[id]) FROM groundwork.delivery WHERE job = 'send-weekly-digest'")
        send_weekly_digest(delivery_id=due_id)
        with db.transaction() as connection:
            connection.execute(text("TRUNCATE groundwork.event CASCADE"))
        again = weekly_digest(workspace_id="platform", week=LAST_WEEK.name)
        assert again == {"week": LAST_WEEK.name, "workspaces": 1, "announced": 0}
        assert len(mails(outbox)) == 1

    def test_a_week_that_is_not_over_is_refused_and_told_of_on_monday(self, db):
        now = Week(LAST_WEEK.monday + timedelta(days=7))
        add_contact(db, week=now)
        with pytest.raises(NonRetriable, match=f"The week {now.name} is not over"):
            weekly_digest(workspace_id="platform", week=now.name)
        assert announced(db) == []

    def test_the_events_are_kept_as_caused_by_the_run_that_announced_them(self, db):
        add_contact(db)
        weekly_digest(workspace_id="platform")
        cause = "SELECT id FROM groundwork.event WHERE name = 'digest/week.ended'"
        assert scalar(db, "SELECT causation_id FROM groundwork.event WHERE name = 'digest/week.due'") == scalar(
            db, cause
        )


@pytest.mark.usefixtures("jobs")
class TestMailing:
    def test_every_user_who_wants_it_gets_one_mail_with_figures_and_chart(self, db, outbox):
        add_user(db, "ada")
        add_user(db, "ben")
        add_user(db, "cleo", off=["weekly-digest"])
        add_user(db, "dora", workspace_id="globex")
        add_contact(db, tags=["fair"])
        delivery = delivery_of(db, due())
        told = {"week": LAST_WEEK.name, "sent": 2, "refused": {}, "refused_in_all": 0}
        assert send_weekly_digest(delivery_id=delivery.id) == told
        messages = mails(outbox)
        assert {message["To"].addresses[0].addr_spec for message in messages} == {"ada@example.com", "ben@example.com"}
        for message in messages:
            text_part = message.get_body(("plain",)).get_content()
            assert re.search(r"New contacts +1 +before: 0", text_part)
            assert "fair: 1 contact" in text_part
            html = message.get_body(("html",)).get_content()
            [picture] = [part for part in message.walk() if part.get_content_type() == "image/png"]
            assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in html
            assert 'alt="New contacts per day.' in html
            assert "/unsubscribe/" in message["List-Unsubscribe"]
            assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    def test_a_workspace_that_nobody_wants_to_hear_of_is_done_without_a_mail(self, db, outbox):
        add_user(db, "cleo", off=["weekly-digest"])
        add_contact(db)
        assert send_weekly_digest(delivery_id=delivery_of(db, due()).id)["sent"] == 0
        assert mails(outbox) == []

    def test_one_recipient_refused_for_good_stops_neither_the_others_nor_the_job(self, db, postmaster):
        for name in ("ada", "ben", "cleo", "dora", "eve"):
            add_user(db, name)
        add_contact(db)
        postmaster.refusals["cleo@example.com"] = "550 No such user"
        result = send_weekly_digest(delivery_id=delivery_of(db, due()).id)
        assert sorted(postmaster.recipients) == [f"{name}@example.com" for name in ("ada", "ben", "dora", "eve")]
        assert result["sent"] == 4
        assert list(result["refused"]) == ["cleo"]
        assert "550 No such user" in result["refused"]["cleo"]

    def test_an_address_that_is_none_is_a_recipient_refused(self, db, postmaster):
        add_user(db, "ada", email="nowhere")
        add_user(db, "ben")
        add_contact(db)
        result = send_weekly_digest(delivery_id=delivery_of(db, due()).id)
        assert (result["sent"], list(result["refused"])) == (1, ["ada"])

    def test_a_recipient_put_off_is_tried_again_alone(self, db, postmaster):
        for name in ("ada", "ben", "cleo"):
            add_user(db, name)
        add_contact(db)
        postmaster.put_off["ben@example.com"] = 1
        assert send_weekly_digest(delivery_id=delivery_of(db, due()).id)["sent"] == 3
        assert sorted(postmaster.recipients) == [f"{name}@example.com" for name in ("ada", "ben", "cleo")]

    def test_a_connection_lost_after_the_content_repeats_the_message_under_its_id(self, db, postmaster):
        add_user(db, "ada")
        add_contact(db)
        postmaster.drops = 1
        assert send_weekly_digest(delivery_id=delivery_of(db, due()).id)["sent"] == 1
        assert len(postmaster.received) == 2
        assert len({message["Message-ID"] for message in postmaster.received}) == 1

    def test_those_who_could_not_be_reached_are_mailed_by_a_replay_and_nobody_else(self, db, postmaster, monkeypatch):
        monkeypatch.setattr("groundwork.flows.contacts.send_weekly_digest.mail_digests", impatient())
        for name in ("ada", "ben", "cleo"):
            add_user(db, name)
        add_contact(db)
        postmaster.put_off["ben@example.com"] = 1
        delivery = delivery_of(db, due())
        with pytest.raises(MailTemporarilyRefused, match="1 of 3 mails not sent"):
            send_weekly_digest(delivery_id=delivery.id)
        assert delivery_of(db, delivery.event_id).state == "failed"
        with db.transaction() as connection:
            connection.execute(
                text("UPDATE groundwork.delivery SET state = 'admitted' WHERE id = :id"), delivery._asdict()
            )
        assert send_weekly_digest(delivery_id=delivery.id)["sent"] == 3
        assert sorted(postmaster.recipients) == [f"{name}@example.com" for name in ("ada", "ben", "cleo")]

    def test_a_user_who_turns_it_off_between_count_and_mail_gets_none(self, db, postmaster, monkeypatch):
        monkeypatch.setattr("groundwork.flows.contacts.send_weekly_digest.mail_digests", impatient())
        add_user(db, "ada")
        add_contact(db)
        postmaster.put_off["ada@example.com"] = 1
        delivery = delivery_of(db, due())
        with pytest.raises(MailTemporarilyRefused):
            send_weekly_digest(delivery_id=delivery.id)
        with db.transaction() as connection:
            set_wanted(connection, UserId("ada"), "weekly-digest", False)
            connection.execute(text("UPDATE groundwork.delivery SET state = 'admitted'"))
        assert send_weekly_digest(delivery_id=delivery.id)["sent"] == 0
        assert postmaster.received == []


def impatient():
    """The step that mails, without its retries."""
    from groundwork.tasks.contacts.digests.steps import mail_digests

    return mail_digests.with_options(retries=0)
