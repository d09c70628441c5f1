"""The feed's jobs with Prefect's real engine: batches, ranges of followers, and the nightly tidying."""

import pytest
from sqlalchemy import text

from groundwork.events.fitness.social import FeedTrimDue
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from tests.factories import scalar
from tests.integration.fitness.feed.gym import add_members

pytestmark = pytest.mark.usefixtures("registered")


def test_events_of_a_workspace_share_a_run_and_reach_the_feeds(db, members, go):
    members.follow("ben", "ada")
    members.follow("ben", "cleo")
    members.post("ada", "p1")
    members.comment("cleo", "p1", "c1")
    for reaction in ("like", "fire"):
        members.react("ada", "p1", reaction)
    go()
    assert sorted(members.seen("ben")) == [
        ("comment", "cleo", "p1", "c1"),
        ("post", "ada", "p1", ""),
        ("reaction", "ada", "p1", "fire"),
        ("reaction", "ada", "p1", "like"),
    ]
    runs = "SELECT count(DISTINCT flow_run_id) FROM groundwork.delivery WHERE job = 'fan-out-reactions'"
    assert scalar(db, runs) == 1
    assert scalar(db, "SELECT count(*) FROM groundwork.delivery WHERE state = 'failed'") == 0


def test_who_follows_later_finds_what_was_there(members, go):
    members.post("ada", "p1")
    go()
    members.follow("ben", "ada")
    go()
    assert members.seen("ben") == [("post", "ada", "p1", "")]


def test_a_post_of_a_member_with_many_followers_goes_range_by_range(db, members, go, setting):
    setting(feed_rows_per_step=100)
    add_members(db, (f"fan-{number:04}" for number in range(250)))
    with db.transaction() as connection:
        connection.execute(
            text("INSERT INTO fitness.follow SELECT 'acme', id, 'ada' FROM fitness.member WHERE id LIKE 'fan-%'")
        )
    members.post("ada", "p1")
    go()
    assert scalar(db, "SELECT count(*) FROM fitness.feed") == 250
    assert scalar(db, "SELECT count(*) FROM groundwork.step_ledger WHERE step = 'push-range'") == 3


def test_the_night_tidies_all_workspaces(db, members, go):
    members.follow("ben", "ada")
    members.post("ada", "p1")
    go()
    members.delete("p1")
    event = send(FeedTrimDue(workspace_id=WorkspaceId("platform")))
    go()
    result = "SELECT result ->> 'removed' FROM groundwork.delivery WHERE event_id = :id"
    assert scalar(db, result, id=event) == "1"
    assert scalar(db, "SELECT count(*) FROM fitness.feed") == 0
