"""``kill -9`` within each job of the feed, at whatever COMMIT: no row is lost or there twice, no mail is sent twice."""

import os
import random
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from groundwork.blocks.process_cache import forget
from groundwork.blocks.uuid7 import uuid7
from groundwork.events.fitness.social import DigestWanted
from groundwork.events.fitness.sync import ExternalPushWanted
from groundwork.events.inbox import send
from groundwork.events.inbox.clock import advance
from groundwork.tasks.fitness.pushes.endpoint import set_endpoint
from tests.factories import scalar
from tests.integration.fitness.feed.gym import ACME, DAYTIME, Members, add_gym, add_members, feed_rows
from tests.integration.fitness.feed.receiver import dashboard
from tests.integration.killed_runs import SEEDS, KilledRuns, Point
from tests.integration.mailing import add_user, mails

LONGEST_RUN = 20
"""Transactions of a run, at most; a kill behind its last one is none."""

pytestmark = pytest.mark.usefixtures("registered")


@pytest.fixture(scope="module")
def runs(prefect_api: dict[str, str]) -> Iterator[KilledRuns]:
    own = {"GROUNDWORK_FEED_ROWS_PER_STEP": "100", "GROUNDWORK_PUSH_PRIVATE_ADDRESSES": "true"}
    os.environ.update(own)
    forget()
    made = KilledRuns("fitness", os.environ | prefect_api | own)
    yield made
    made.close()
    for name in own:
        del os.environ[name]
    forget()


@pytest.fixture
def go_with_a_kill(db, runs: KilledRuns) -> Callable[[str, random.Random], int]:
    """Runs what is due to its end; the first run of a job is killed at one of its transactions. Gives the kills."""

    def go(job: str, chance: random.Random) -> int:
        point = Point(job, when=chance.choice(("before", "after")), number=chance.randrange(LONGEST_RUN))
        return runs.go(db, point, [job, "fan-out-reactions"])

    return go


def fan_out_posts(db, members: Members) -> Callable[[], None]:
    add_members(db, (f"fan-{number:04}" for number in range(230)))
    with db.transaction() as connection:
        connection.execute(
            text("INSERT INTO fitness.follow SELECT 'acme', id, 'ada' FROM fitness.member WHERE id LIKE 'fan-%'")
        )
    members.post("ada", "p1")
    members.post("ben", "p2")

    def check() -> None:
        with db.transaction() as connection:
            assert feed_rows(connection) == [(f"fan-{number:04}", "post", "ada", "p1", "") for number in range(230)]

    return check


def fan_out_reactions(db, members: Members) -> Callable[[], None]:
    add_gym(db, **DAYTIME)
    add_user(db, "ada")
    members.follow("dora", "cleo")
    members.post("ada", "p1")
    for who in ("ben", "cleo"):
        members.react(who, "p1")

    def check() -> None:
        assert members.seen("dora") == [("reaction", "cleo", "p1", "like")]
        asked = "SELECT count(*) FROM groundwork.event WHERE name = 'platform/social.digest-wanted'"
        assert scalar(db, f"{asked} AND data ->> 'memberId' = 'ada'") == 1

    return check


def fan_out_follows(db, members: Members) -> Callable[[], None]:
    for number in range(3):
        members.post("ada", f"p{number}")
    members.follow("ben", "ada")

    def check() -> None:
        assert [each.post_id for each in members.feed("ben")] == ["p2", "p1", "p0"]
        assert scalar(db, "SELECT count(*) FROM fitness.feed WHERE member_id = 'ben'") == 3

    return check


JOBS = {"fan-out-posts": fan_out_posts, "fan-out-reactions": fan_out_reactions, "fan-out-follows": fan_out_follows}


@pytest.mark.parametrize("seed", range(SEEDS + 2))
def test_of_fan_out_no_row_is_lost_and_none_is_there_twice(db, members, go_with_a_kill, seed):
    chance = random.Random(seed)
    job = [*JOBS][seed % len(JOBS)]
    check = JOBS[job](db, members)
    go_with_a_kill(job, chance)
    check()
    states = "SELECT string_agg(DISTINCT state, ' ') FROM groundwork.delivery WHERE job LIKE 'fan-out-%'"
    assert scalar(db, states) == "done"


@pytest.mark.parametrize("seed", range(SEEDS // 2))
def test_of_a_digest_one_message_is_sent(db, members, go_with_a_kill, outbox, seed):
    """A mail may go out again after a kill behind it, under the same Message-ID: the outbox has one file for both."""
    chance = random.Random(seed)
    add_gym(db, **DAYTIME)
    add_user(db, "ada")
    members.post("ada", "p1")
    members.react("ben", "p1")
    send(DigestWanted(workspace_id=ACME, member_id="ada"))
    with db.transaction() as connection:
        advance(connection, 301)
    go_with_a_kill(chance.choice(["send-activity-digests", "mail-activity-digest"]), chance)
    [mail] = mails(outbox)
    assert mail["Subject"] == "Ben reacted to your post"
    assert scalar(db, "SELECT count(*) FROM fitness.digest") == 1


@pytest.mark.parametrize("seed", range(SEEDS // 2))
def test_of_a_push_each_try_has_one_id_and_the_next_waits_for_it(db, members, go_with_a_kill, seed):
    chance = random.Random(seed)
    with dashboard() as elsewhere:
        with db.transaction() as connection:
            elsewhere.secret = set_endpoint(connection, ACME, elsewhere.url)
        ids = [uuid7(), uuid7()]
        for each in ids:
            send(ExternalPushWanted(workspace_id=ACME, member_id="ada", kind="score", push_id=each, payload={"n": 1}))
        go_with_a_kill("push-external", chance)
        assert list(dict.fromkeys(elsewhere.asked)) == [str(each) for each in ids]
        assert elsewhere.asked == sorted(elsewhere.asked, key=[str(each) for each in ids].index)
    assert scalar(db, "SELECT string_agg(DISTINCT state, ' ') FROM groundwork.delivery") == "done"


def test_the_kills_hit_runs(db, members, runs):
    """What the others rely on: a number within a run kills it."""
    check = fan_out_posts(db, members)
    kills = runs.go(db, Point("fan-out-posts", number=5), ["fan-out-posts"])
    assert (kills, scalar(db, "SELECT max(attempt) FROM groundwork.delivery")) == (1, 2)
    check()
