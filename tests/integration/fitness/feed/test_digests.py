"""What others did comes in one mail: each of them once, nobody who took it back, and never at night."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import text

from groundwork.events.fitness.social import DigestWanted
from groundwork.flows.job import flow_of
from groundwork.tasks.fitness.digests.closing import Digest, close_groups
from tests.factories import scalar
from tests.integration.fitness.feed.gym import ACME, DAYTIME, Members, add_gym, add_members
from tests.integration.mailing import add_user, by_smtp, mails

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
WANTED = DigestWanted(workspace_id=ACME, member_id="ada")


@pytest.fixture
def ada(db, members: Members) -> Members:
    """Ada has posted, and there is a gym without quiet hours."""
    add_gym(db, **DAYTIME)
    add_user(db, "ada")
    members.post("ada", "p1")
    return members


def words(outbox) -> list[str]:
    """The lines of each mail that say what happened."""
    texts = [each.get_body(("plain",)).get_content() for each in mails(outbox)]
    return [line.strip() for text in texts for line in text.splitlines() if line.startswith("  ")]


def close(db, now: datetime = NOON, event: DigestWanted = WANTED):
    """Close what is open, as a delivery of its own does."""
    with db.transaction() as connection:
        [delivery] = connection.execute(text("SELECT gen_random_uuid()")).scalars()
        return close_groups(connection, event, delivery, now)


def told(db, now: datetime = NOON) -> list[tuple[str, list[str], int]]:
    """What the mail tells that is asked for when what is open is closed."""
    assert close(db, now).groups
    last = "SELECT data FROM groundwork.event WHERE name = 'platform/social.digest-closed' ORDER BY id DESC LIMIT 1"
    return [(each["verb"], each["names"], each["others"]) for each in scalar(db, last)["groups"]]


class TestWhatIsTold:
    def test_each_actor_counts_once_and_the_newest_are_named(self, db, ada):
        for who in ("ben", "cleo"):
            ada.react(who, "p1", "like")
            ada.react(who, "p1", "fire")
        ada.comment("dora", "p1", "c1")
        ada.comment("dora", "p1", "c2")
        ada.follow("ben", "ada")
        assert told(db) == [
            ("follow", ["Ben"], 0), ("comment", ["Dora"], 0), ("reaction", ["Cleo", "Ben"], 0)
        ]  # fmt: skip

    def test_many_are_counted(self, db, ada):
        fans = [f"fan {number}" for number in range(13)]
        add_members(db, fans)
        for each in fans:
            ada.react(each, "p1")
        assert told(db) == [("reaction", ["Fan 12"], 12)]

    def test_who_took_it_back_is_in_none(self, db, ada):
        ada.react("ben", "p1")
        ada.react("cleo", "p1")
        ada.unreact("cleo", "p1")
        assert told(db) == [("reaction", ["Ben"], 0)]

    def test_nothing_is_told_twice_also_when_it_is_done_again(self, db, ada):
        ada.react("ben", "p1")
        assert close(db).groups
        ada.unreact("ben", "p1")
        ada.react("ben", "p1")
        assert not close(db).groups

    def test_what_was_done_to_a_post_that_is_gone_is_not_told(self, db, ada):
        ada.react("ben", "p1")
        ada.delete("p1")
        assert not close(db).groups
        assert scalar(db, "SELECT count(*) FROM fitness.digest") == 0

    def test_nobody_hears_of_another_workspace(self, db, ada):
        add_members(db, ("ada", "ben"), workspace="globex")
        globex = Members(db, type(ACME)("globex"))
        globex.post("ada", "p1")
        globex.react("ben", "p1")
        assert not close(db).groups

    def test_a_name_is_one_line_whatever_is_in_it(self, db, ada):
        add_members(db, ["evil"], name="Eve\n\nYou won: https://evil.example\u202e")
        ada.react("evil", "p1")
        assert told(db) == [("reaction", ["Eve You won: https://evil.example"], 0)]


class TestWhen:
    def test_at_night_it_waits_for_the_morning_of_the_members_zone_and_is_asked_for_once(self, db, ada):
        with db.transaction() as connection:
            connection.execute(text("UPDATE fitness.gym SET quiet_from = '21:00', quiet_until = '07:00'"))
            connection.execute(text("UPDATE fitness.member SET time_zone = 'Asia/Tokyo' WHERE id = 'ada'"))
        ada.react("ben", "p1")
        for _ in range(3):
            digest = close(db)
            assert (digest.groups, digest.waits_until) == (0, datetime(2026, 11, 27, 22, tzinfo=UTC))
        asked = "SELECT count(*) FROM groundwork.event WHERE name = 'platform/social.digest-wanted'"
        assert scalar(db, asked) == 1
        assert told(db, NOON + timedelta(hours=10)) == [("reaction", ["Ben"], 0)]

    def test_a_day_has_so_many_mails_and_the_rest_comes_in_one_the_next_day(self, db, ada, setting):
        setting(digest_mails_per_day=2)
        for number in range(5):
            ada.react("ben", "p1", "abcde"[number])
            ada.comment("cleo", "p1", f"c{number}")
            digest = close(db, NOON + timedelta(minutes=number))
            assert bool(digest.groups) is (number < 2)
        assert digest.waits_until == datetime(2026, 11, 28, tzinfo=UTC)
        assert told(db, NOON + timedelta(days=1)) == [("comment", ["Cleo"], 0), ("reaction", ["Ben"], 0)]

    def test_a_member_without_a_user_is_sent_nothing_and_asked_for_nothing(self, db, ada):
        add_members(db, ["guest"], user_id=None)
        ada.post("guest", "p2")
        ada.react("ben", "p2")
        assert close(db, event=DigestWanted(workspace_id=ACME, member_id="guest")) == Digest()


@pytest.mark.usefixtures("registered")
class TestMails:
    def test_of_many_reactions_one_mail_tells_when_it_is_quiet(self, db, ada, go, pass_time, outbox):
        for who in ("ben", "cleo", "dora"):
            ada.react(who, "p1")
            go()
        assert mails(outbox) == []
        pass_time(301)
        go()
        assert words(outbox) == ["Dora, Cleo and Ben reacted to your post: “text of p1”"]
        [mail] = mails(outbox)
        assert mail["Subject"] == "Dora, Cleo and Ben reacted to your post"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        pass_time(3600)
        go()
        assert len(mails(outbox)) == 1

    def test_nothing_is_sent_if_all_was_taken_back(self, ada, go, pass_time, outbox):
        ada.react("ben", "p1")
        go()
        ada.unreact("ben", "p1")
        pass_time(301)
        go()
        assert mails(outbox) == []

    def test_who_has_turned_it_off_gets_none(self, db, members, go, pass_time, outbox):
        add_gym(db, **DAYTIME)
        add_user(db, "ada", off=["activity-digest"])
        members.post("ada", "p1")
        members.react("ben", "p1")
        go()
        pass_time(301)
        go()
        assert mails(outbox) == []

    def test_a_repeated_run_mails_what_it_closed_once(self, db, ada, go, pass_time, outbox):
        ada.react("ben", "p1")
        go()
        pass_time(301)
        go()
        with db.transaction() as connection:
            again = text(
                "UPDATE groundwork.delivery SET state = 'admitted' WHERE job = 'send-activity-digests' RETURNING id"
            )
            [delivery] = connection.execute(again).scalars()
        flow_of("send-activity-digests")(delivery_id=delivery)
        assert len(mails(outbox)) == 1
        result = "SELECT result ->> 'groups' FROM groundwork.delivery WHERE id = :id AND state = 'done'"
        assert scalar(db, result, id=delivery) == "1"

    def test_members_share_a_run_and_one_whose_mail_is_refused_fails_alone(self, db, ada, go, pass_time):
        for who in ("ben", "cleo"):
            add_user(db, who)
            ada.post(who, f"post of {who}")
            ada.react("dora", f"post of {who}")
        ada.react("dora", "p1")
        with by_smtp() as postmaster:
            postmaster.refusals["ben@example.com"] = "550 No such user"
            go()
            pass_time(301)
            go()
        assert sorted(postmaster.recipients) == ["ada@example.com", "cleo@example.com"]
        ended = "SELECT count(*) FROM groundwork.delivery WHERE job = 'mail-activity-digest' AND state = :state"
        assert [scalar(db, ended, state=each) for each in ("done", "failed")] == [2, 1]
        runs = "SELECT count(DISTINCT flow_run_id) FROM groundwork.delivery WHERE job = 'send-activity-digests'"
        assert scalar(db, runs) == 1

    def test_what_waits_for_the_morning_is_mailed_then(self, db, ada, go, pass_time, outbox):
        now = datetime.now(UTC)
        begin, end = (now - timedelta(hours=1)).time(), (now + timedelta(hours=1)).time()
        with db.transaction() as connection:
            connection.execute(
                text("UPDATE fitness.gym SET quiet_from = :begin, quiet_until = :end"), {"begin": begin, "end": end}
            )
        ada.react("ben", "p1")
        go()
        pass_time(301)
        go()
        assert mails(outbox) == []
        with db.transaction() as connection:
            connection.execute(text("UPDATE fitness.gym SET quiet_from = :t, quiet_until = :t"), {"t": time(0)})
        pass_time(3600 + 301)
        go()
        assert words(outbox) == ["Ben reacted to your post: “text of p1”"]
