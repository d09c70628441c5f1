"""Activities come into the feeds of those who follow their actor, whatever is taken back meanwhile."""

import threading

import pytest
from sqlalchemy import text

from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.feed.fan_out import Named, copy_newest, push, push_range, take_up
from tests.factories import scalar
from tests.integration.fitness.feed.gym import ACME, Members, add_members, feed_rows, trim
from tests.waiting import wait_until

POST = Named(actor_id="ada", post_id="p1")


def activity(db, verb: str = "post", actor: str = "ada") -> int:
    return scalar(db, "SELECT id FROM fitness.activity WHERE verb = :v AND actor_id = :a", v=verb, a=actor)


def blocked(db, by: int = 1) -> bool:
    """Whether so many wait for a lock of the feed's tables or of the turn."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    return scalar(db, waiting) >= by


class TestWhoseFeed:
    def test_each_follower_gets_it_once_however_often_it_is_brought(self, db, members):
        members.follow("ben", "ada")
        members.follow("cleo", "ada")
        members.post("ada", "p1")
        for _ in range(3):
            members.fan_out("post", [POST])
        with db.transaction() as connection:
            assert [row[0] for row in feed_rows(connection)] == ["ben", "cleo"]
        assert members.seen("dora") == []

    def test_comments_reactions_and_follows_come_too(self, members):
        members.follow("ben", "ada")
        members.post("cleo", "p1")
        members.comment("ada", "p1", "c1")
        members.react("ada", "p1", "fire")
        members.follow("ada", "dora")
        members.fan_out("comment", [Named(actor_id="ada", post_id="p1", object_id="c1")])
        members.fan_out("reaction", [Named(actor_id="ada", post_id="p1", object_id="fire")])
        members.fan_out("follow", [Named(actor_id="ada", object_id="dora")])
        assert members.seen("ben") == [
            ("follow", "ada", "", "dora"),
            ("reaction", "ada", "p1", "fire"),
            ("comment", "ada", "p1", "c1"),
        ]
        [_, _, comment] = members.feed("ben")
        assert (comment.actor_name, comment.post_text, comment.comment_text) == ("Ada", "text of p1", "text of c1")

    def test_a_follower_finds_the_newest_that_was_there_before(self, members, setting):
        setting(feed_length=10)
        for number in range(15):
            members.post("ada", f"p{number}")
        members.follow("ben", "ada")
        members.fan_out("follow", [Named(actor_id="ben", object_id="ada")])
        assert [each.post_id for each in members.feed("ben")] == [f"p{number}" for number in range(14, 4, -1)]

    def test_a_late_batch_honours_unfollow_and_delete(self, db, members):
        members.follow("ben", "ada")
        members.follow("cleo", "ada")
        members.post("ada", "p1")
        members.post("ada", "p2")
        with db.transaction() as connection:
            both = [POST, Named(actor_id="ada", post_id="p2")]
            found = take_up(connection, ACME, "post", both)
        members.unfollow("ben", "ada")
        members.delete("p1")
        with db.transaction() as connection:
            push(connection, ACME, [each.id for each in found])
            assert feed_rows(connection) == [("cleo", "post", "ada", "p2", "")]

    def test_no_other_workspaces_activity_is_reached_by_its_number(self, db, members):
        add_members(db, ("ada", "ben"), workspace="globex")
        globex = Members(db, WorkspaceId("globex"))
        members.post("ada", "p1")
        globex.follow("ben", "ada")
        with db.transaction() as connection:
            assert push(connection, globex.workspace, [activity(db)]) == 0
            assert push_range(connection, globex.workspace, activity(db), "").rows == 0

    def test_what_is_taken_back_is_not_shown_and_is_shown_again_when_it_is_done_again(self, members):
        members.follow("ben", "ada")
        members.post("cleo", "p1")
        members.react("ada", "p1")
        members.fan_out("reaction", [Named(actor_id="ada", post_id="p1", object_id="like")])
        assert len(members.seen("ben")) == 1
        members.unreact("ada", "p1")
        assert members.seen("ben") == []
        members.react("ada", "p1")
        assert len(members.seen("ben")) == 1
        members.delete("p1")
        assert members.seen("ben") == []


class TestMany:
    def test_followers_are_served_range_by_range_each_once(self, db, members, setting):
        setting(feed_rows_per_step=100)
        fans = [f"fan-{number:04}" for number in range(450)]
        add_members(db, fans)
        with db.transaction() as connection:
            connection.execute(
                text("INSERT INTO fitness.follow SELECT 'acme', id, 'ada' FROM fitness.member WHERE id LIKE 'fan-%'")
            )
        members.post("ada", "p1")
        assert members.push_in_ranges(activity(db)) == 450
        assert members.push_in_ranges(activity(db)) == 0
        assert scalar(db, "SELECT count(DISTINCT member_id) FROM fitness.feed") == 450

    def test_who_unfollows_in_the_middle_gets_nothing_and_the_rest_all(self, db, members, setting):
        setting(feed_rows_per_step=100)
        add_members(db, (f"fan-{number:04}" for number in range(250)))
        with db.transaction() as connection:
            connection.execute(
                text("INSERT INTO fitness.follow SELECT 'acme', id, 'ada' FROM fitness.member WHERE id LIKE 'fan-%'")
            )
        members.post("ada", "p1")
        with db.transaction() as connection:
            chunk = push_range(connection, ACME, activity(db), "")
        assert chunk.last == "fan-0099"
        members.unfollow("fan-0150", "ada")
        with db.transaction() as connection:
            assert push_range(connection, ACME, activity(db), chunk.last).last == "fan-0200"
        assert members.push_in_ranges(activity(db)) == 49
        assert members.seen("fan-0150") == []

    def test_beyond_the_limit_readers_merge_it_in(self, db, members, setting):
        setting(feed_push_followers=1)
        members.follow("ben", "ada")
        members.follow("ben", "cleo")
        members.follow("cleo", "ada")
        members.post("ada", "p1")
        members.post("cleo", "p2")
        members.post("ada", "p3")
        members.fan_out("post", [POST, Named(actor_id="cleo", post_id="p2"), Named(actor_id="ada", post_id="p3")])
        assert scalar(db, "SELECT count(*) FROM fitness.feed") == 1
        assert [each.post_id for each in members.feed("ben")] == ["p3", "p2", "p1"]
        [first] = members.feed("ben", limit=1)
        assert [each.post_id for each in members.feed("ben", first.cursor, limit=1)] == ["p2"]
        members.delete("p3")
        members.unfollow("ben", "cleo")
        assert [each.post_id for each in members.feed("ben")] == ["p1"]

    def test_what_came_both_ways_is_shown_once(self, db, members, setting):
        members.follow("ben", "ada")
        members.follow("cleo", "ada")
        members.post("ada", "p1")
        members.fan_out("post", [POST])
        setting(feed_push_followers=1)
        members.fan_out("post", [POST])
        assert scalar(db, "SELECT pulled FROM fitness.activity WHERE verb = 'post'")
        assert len(members.feed("ben")) == 1
        trim(db)
        assert len(members.feed("ben")) == 1


class TestRaces:
    """Two at once, in an order that is forced."""

    @pytest.fixture(params=["push", "push_range"])
    def bring(self, request):
        def run(connection, activity_id):
            if request.param == "push":
                return push(connection, ACME, [activity_id])
            return push_range(connection, ACME, activity_id, "").rows

        return run

    def test_a_delete_during_fan_out_that_is_first_leaves_no_row(self, db, members, bring):
        members.follow("ben", "ada")
        members.post("ada", "p1")
        rows: list[int] = []

        def fan_out() -> None:
            with db.transaction() as other:
                rows.append(bring(other, activity(db)))

        with db.transaction() as connection:
            from groundwork.tasks.fitness.social.posts import delete_post

            delete_post(connection, ACME, "p1")
            thread = threading.Thread(target=fan_out)
            thread.start()
            wait_until(lambda: blocked(db), 10, "the fan-out to wait for the delete")
        thread.join(10)
        assert rows == [0]
        assert scalar(db, "SELECT count(*) FROM fitness.feed") == 0

    def test_a_delete_during_fan_out_that_is_second_waits_and_is_honoured(self, db, members, bring):
        members.follow("ben", "ada")
        members.post("ada", "p1")
        with db.transaction() as connection:
            assert bring(connection, activity(db)) == 1
            thread = threading.Thread(target=members.delete, args=("p1",))
            thread.start()
            wait_until(lambda: blocked(db), 10, "the delete to wait for the fan-out")
        thread.join(10)
        assert members.seen("ben") == []
        assert trim(db) == 1

    def test_a_post_and_a_follow_at_once_find_each_other_whichever_commits_last(self, db, members):
        from groundwork.tasks.fitness.social.follows import follow
        from groundwork.tasks.fitness.social.posts import create_post

        with db.transaction() as posting:
            create_post(posting, ACME, "ada", "text", post_id="p1")
            members.follow("ben", "ada")
            members.fan_out("follow", [Named(actor_id="ben", object_id="ada")])
        members.fan_out("post", [POST])
        with db.transaction() as following:
            follow(following, ACME, "cleo", "ada")
            members.fan_out("post", [POST])
        members.fan_out("follow", [Named(actor_id="cleo", object_id="ada")])
        assert [members.seen("ben"), members.seen("cleo")] == [[("post", "ada", "p1", "")]] * 2

    def test_who_tidies_does_not_take_away_what_is_brought_back_at_that_moment(self, db, members):
        """The trim has judged both rows and waits for Ben's when Cleo follows again: Cleo's row is there still."""
        for who in ("ben", "cleo"):
            members.follow(who, "ada")
        members.post("ada", "p1")
        members.fan_out("post", [POST])
        for who in ("ben", "cleo"):
            members.unfollow(who, "ada")
        copied: list[int] = []

        def copy() -> None:
            with db.transaction() as other:
                copied.append(copy_newest(other, ACME, [Named(actor_id="cleo", object_id="ada")]))

        tidying, bringing_back = threading.Thread(target=trim, args=(db,)), threading.Thread(target=copy)
        with db.transaction() as holding:
            holding.execute(text("SELECT FROM fitness.feed WHERE member_id = 'ben' FOR UPDATE"))
            tidying.start()
            wait_until(lambda: blocked(db), 10, "the trim to wait for Ben's row")
            members.follow("cleo", "ada")
            bringing_back.start()
            wait_until(lambda: copied or blocked(db, by=2), 10, "the copy to end, or to wait for who tidies")
        tidying.join(10)
        bringing_back.join(10)
        assert members.seen("cleo") == [("post", "ada", "p1", "")]
        assert copied == [1]


class TestTrim:
    def test_feeds_keep_their_newest_and_lose_what_is_not_shown(self, db, members, setting):
        setting(feed_length=10)
        members.follow("ben", "ada")
        for number in range(20):
            members.post("ada", f"p{number:02}")
        members.fan_out("post", [Named(actor_id="ada", post_id=f"p{number:02}") for number in range(20)])
        for number in (17, 19):
            members.delete(f"p{number}")
        shown = [each.post_id for each in members.feed("ben")]
        assert trim(db) == 10
        assert [each.post_id for each in members.feed("ben")] == shown[:10]
        assert scalar(db, "SELECT count(*) FROM fitness.feed") == 10
        assert trim(db) == 0

    def test_members_are_tidied_in_ranges_over_all_workspaces(self, db, members, monkeypatch):
        monkeypatch.setattr("groundwork.tasks.fitness.feed.trim.MEMBERS_AT_ONCE", 2)
        add_members(db, ("ada", "ben"), workspace="globex")
        globex = Members(db, WorkspaceId("globex"))
        for each in (members, globex):
            each.follow("ben", "ada")
            each.post("ada", "p1")
            each.fan_out("post", [POST])
            each.unfollow("ben", "ada")
        assert trim(db) == 2
