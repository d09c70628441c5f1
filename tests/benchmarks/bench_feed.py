"""Fan-out into feeds as real flow runs, against the least PostgreSQL can do with the same rows."""

import random
import statistics
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.events.fitness.social import PostCreated, ReactionAdded
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send, send_many
from groundwork.tasks.fitness.feed.reading import feed
from groundwork.tasks.fitness.social.reactions import react
from tests.benchmarks.lane_stack import rows
from tests.benchmarks.running import running_stack
from tests.waiting import wait_until

DESCRIPTION = (
    "(a) 100,000 reactions over 50 workspaces of 200 members with 10 followers each: accepted by send_many, 5,000 at "
    "once, to the last settlement of fan-out-reactions; the floor is the same rows by COPY of each 1,000 and one "
    "INSERT … SELECT. (b) a post of a member with 100,000 followers, whose feeds have 10 rows each: rows per second "
    "between claim and settlement ÷ one INSERT … SELECT of the same rows, in turn, and the 95th percentile of a page "
    "of 20 meanwhile."
)
_FOLLOWERS, _BATCH, _ACCEPTED_AT_ONCE = 10, 1_000, 5_000
_STAR = "star"
_ENVIRONMENT = {"GROUNDWORK_APPLICATIONS": "fitness,operations"}


def run(quick: bool) -> dict[str, Any]:
    """Measure; a tenth of it if quick."""
    workspaces, reactions, fans, times = (5, 10_000, 10_000, 1) if quick else (50, 100_000, 100_000, 3)
    with running_stack(_ENVIRONMENT):
        return _reactions(workspaces, reactions) | _post(fans, times)


def _reactions(workspaces: int, number: int) -> dict[str, Any]:
    _sql(_GYMS, workspaces=workspaces, followers=_FOLLOWERS)
    each = number // workspaces // 200
    _sql(_REACTIONS, each=each)
    calls = _react_calls(200)
    _sql("VACUUM ANALYZE")
    events = [
        ReactionAdded(
            workspace_id=WorkspaceId(row.workspace_id),
            actor_id=row.actor_id,
            post_id=row.post_id,
            reaction="like",
            at=row.at,
        )
        for row in rows("SELECT * FROM fitness.activity WHERE verb = 'reaction' AND object_id = 'like' ORDER BY id")
    ]
    assert len(events) == number
    since = _now()
    began = time.perf_counter()
    for first in range(0, number, _ACCEPTED_AT_ONCE):
        send_many(events[first : first + _ACCEPTED_AT_ONCE])
    accepted = time.perf_counter() - began
    [row] = wait_until(lambda: _settled(number, since), 1_800, "the reactions to be fanned out")
    written = rows("SELECT count(*) FROM fitness.feed")[0][0]
    assert (row.done, written) == (number, number * _FOLLOWERS)
    floor = _floor_of_batches(events)
    seconds = float(row.seconds)
    return {
        "reactions_accepted_per_second": number / accepted,
        "reactions_settled_per_second": number / seconds,
        "reactions_runs": row.runs,
        "reactions_run_seconds": float(row.run_seconds),
        "reactions_floor_per_second": number / floor,
        "reactions_vs_floor": seconds / floor,
        "reactions_run_vs_floor": float(row.run_seconds) / floor,
        "react_calls_per_second": calls,
    }


def _react_calls(number: int) -> float:
    """Calls of ``react`` per second, each in a transaction of its own, one after another."""
    found = rows(
        "SELECT workspace_id, id AS post_id FROM fitness.post ORDER BY workspace_id DESC, id LIMIT :n", n=number
    )
    since = _now()
    began = time.perf_counter()
    for row in found:
        with database().transaction() as connection:
            react(connection, WorkspaceId(row.workspace_id), "m1", row.post_id, reaction="fire")
    elapsed = time.perf_counter() - began
    wait_until(lambda: _settled(number, since) is not None, 120, "the reactions to be fanned out")
    _sql("DELETE FROM fitness.activity WHERE object_id = 'fire'; TRUNCATE fitness.feed, fitness.digest_group")
    return number / elapsed


def _now() -> datetime:
    moment: datetime = rows("SELECT clock_timestamp()")[0][0]
    return moment


def _settled(number: int, since: datetime) -> Any:
    found = rows(
        "WITH runs AS (SELECT flow_run_id, max(settled_at) - min(claimed_at) AS took FROM groundwork.delivery"
        " WHERE job = 'fan-out-reactions' AND accepted_at > :since GROUP BY flow_run_id)"
        " SELECT count(settled_at) AS settled, count(DISTINCT flow_run_id) AS runs,"
        " count(*) FILTER (WHERE state = 'done') AS done,"
        " extract(epoch FROM max(settled_at) - min(accepted_at)) AS seconds,"
        " (SELECT extract(epoch FROM sum(took)) FROM runs) AS run_seconds"
        " FROM groundwork.delivery WHERE job = 'fan-out-reactions' AND accepted_at > :since",
        since=since,
    )
    return found if found[0].settled == number else None


def _floor_of_batches(events: list[ReactionAdded]) -> float:
    """Seconds of the bare statements, batch by batch, into an empty table."""
    _sql("TRUNCATE fitness.feed")
    _plain("VACUUM ANALYZE fitness.feed", "CHECKPOINT")
    by_workspace: dict[str, list[ReactionAdded]] = {}
    for event in events:
        by_workspace.setdefault(event.workspace_id, []).append(event)
    seconds = 0.0
    with database().connect() as connection:
        connection.execute("CREATE TEMP TABLE floor_batch (workspace_id text, actor_id text, post_id text)")
        for of_workspace in by_workspace.values():
            for first in range(0, len(of_workspace), _BATCH):
                batch = of_workspace[first : first + _BATCH]
                began = time.perf_counter()
                connection.execute("TRUNCATE floor_batch")
                with connection.cursor().copy("COPY floor_batch FROM STDIN") as copy:
                    for each in batch:
                        copy.write_row((each.workspace_id, each.actor_id, each.post_id))
                connection.execute(_FLOOR_BATCH)
                connection.commit()
                seconds += time.perf_counter() - began
    assert rows("SELECT count(*) FROM fitness.feed")[0][0] == len(events) * _FOLLOWERS
    return seconds


def _post(fans: int, times: int) -> dict[str, Any]:
    _sql("TRUNCATE fitness.feed")
    _sql(_FANS, fans=fans)
    _sql(_OLD_ROWS)
    samples: dict[str, list[float]] = {"ours": [], "floor": []}
    busy: list[float] = []
    idle: list[float] = []
    _read_pages(lambda: len(idle) < 200, idle, fans)
    for number in range(times):
        samples["ours"].append(_fan_out(f"ours-{number}", busy, fans))
        samples["floor"].append(_floor_of_post(f"floor-{number}", fans))
    middle = {name: statistics.median(values) for name, values in samples.items()}
    return {
        "post_rows_per_second": fans / middle["ours"],
        "post_floor_rows_per_second": fans / middle["floor"],
        "post_vs_floor": middle["ours"] / middle["floor"],
        "feed_read_p95_ms": 1000 * statistics.quantiles(busy, n=20)[-1],
        "feed_read_idle_p95_ms": 1000 * statistics.quantiles(idle, n=20)[-1],
        "feed_reads": len(busy),
        "samples": samples,
    }


def _fan_out(post_id: str, reads: list[float], fans: int) -> float:
    """Seconds that the run took; what pages took meanwhile goes to ``reads``."""
    _fresh_rows()
    [row] = _sql(_NEW_POST, id=post_id, author=_STAR)
    event = send(PostCreated(workspace_id=WorkspaceId("stars"), actor_id=_STAR, post_id=post_id, at=row.at))
    under_way = threading.Event()
    under_way.set()
    started = wait_until(lambda: _delivery(event).claimed_at, 60, "the run to begin")
    reader = threading.Thread(target=_read_pages, args=(under_way.is_set, reads, fans))
    reader.start()
    ended = wait_until(lambda: _delivery(event).settled_at, 600, "the post to be fanned out")
    under_way.clear()
    reader.join()
    assert rows("SELECT count(*) FROM fitness.feed WHERE activity_id = :id", id=row.id)[0][0] == fans
    return float((ended - started).total_seconds())


def _floor_of_post(post_id: str, fans: int) -> float:
    _fresh_rows()
    [row] = _sql(_NEW_POST, id=post_id, author=_STAR)
    began = time.perf_counter()
    _sql(
        "INSERT INTO fitness.feed SELECT 'stars', follower_id, :at, :id FROM fitness.follow"
        " WHERE workspace_id = 'stars' AND followed_id = :author",
        at=row.at,
        id=row.id,
        author=_STAR,
    )
    return time.perf_counter() - began


def _fresh_rows() -> None:
    """Leave the feeds as they were, and no checkpoint or vacuum of earlier work to the sample that follows."""
    _sql(
        "DELETE FROM fitness.feed USING fitness.activity WHERE activity.id = activity_id AND actor_id = :star",
        star=_STAR,
    )
    _plain("VACUUM ANALYZE fitness.feed", "CHECKPOINT")


def _read_pages(more: Callable[[], bool], took: list[float], fans: int) -> None:
    chance = random.Random(1)
    while more():
        began = time.perf_counter()
        with database().transaction() as connection:
            page = feed(connection, WorkspaceId("stars"), f"fan-{chance.randrange(fans)}", limit=20)
        took.append(time.perf_counter() - began)
        assert len(page) >= 10
        time.sleep(0.01)


def _delivery(event_id: UUID) -> Any:
    [row] = rows("SELECT claimed_at, settled_at, state FROM groundwork.delivery WHERE event_id = :id", id=event_id)
    return row


def _sql(statements: str, **parameters: object) -> Any:
    if statements.startswith("VACUUM"):
        return _plain(statements)
    with database().transaction() as connection:
        found = None
        for each in statements.split(";\n"):
            used = {name: value for name, value in parameters.items() if f":{name}" in each}
            found = connection.execute(text(each), used)
        return found.all() if found is not None and found.returns_rows else None


def _plain(*statements: str) -> None:
    with database().connect() as connection:
        connection.autocommit = True
        for each in statements:
            connection.execute(each.encode())


_GYMS = """
INSERT INTO fitness.gym (workspace_id, name, owner_id)
SELECT 'gym-' || n, 'Gym ' || n, 'owner' FROM generate_series(1, :workspaces) AS n;
INSERT INTO fitness.member (workspace_id, id, name, user_id, joined_on)
SELECT workspace_id, 'm' || n, 'Member ' || n, workspace_id || '-m' || n, '2026-01-01'
FROM fitness.gym CROSS JOIN generate_series(0, 199) AS n;
INSERT INTO fitness.follow (workspace_id, follower_id, followed_id)
SELECT workspace_id, 'm' || (n + distance) % 200, 'm' || n
FROM fitness.gym CROSS JOIN generate_series(0, 199) AS n CROSS JOIN generate_series(1, :followers) AS distance;
INSERT INTO fitness.post (workspace_id, id, member_id, text)
SELECT workspace_id, 'p' || substr(id, 2), id, 'A post of ' || name FROM fitness.member;
INSERT INTO fitness.activity (workspace_id, actor_id, verb, post_id)
SELECT workspace_id, member_id, 'post', id FROM fitness.post"""
_REACTIONS = """
INSERT INTO fitness.reaction (workspace_id, post_id, member_id, reaction)
SELECT workspace_id, 'p' || (n + step * 7) % 200, 'm' || n, 'like'
FROM fitness.gym CROSS JOIN generate_series(0, 199) AS n CROSS JOIN generate_series(1, :each) AS step;
INSERT INTO fitness.activity (workspace_id, actor_id, verb, post_id, object_id, receiver_id)
SELECT workspace_id, member_id, 'reaction', post_id, reaction, 'm' || substr(post_id, 2)
FROM fitness.reaction ORDER BY random()"""
_FLOOR_BATCH = """
INSERT INTO fitness.feed (workspace_id, member_id, at, activity_id)
SELECT follow.workspace_id, follow.follower_id, activity.at, activity.id
FROM floor_batch
JOIN fitness.activity
  ON activity.workspace_id = floor_batch.workspace_id AND activity.actor_id = floor_batch.actor_id
 AND activity.verb = 'reaction' AND activity.post_id = floor_batch.post_id AND activity.object_id = 'like'
JOIN fitness.follow
  ON follow.workspace_id = floor_batch.workspace_id AND follow.followed_id = floor_batch.actor_id
ON CONFLICT DO NOTHING"""
_FANS = """
INSERT INTO fitness.gym (workspace_id, name, owner_id) VALUES ('stars', 'Stars', 'owner');
INSERT INTO fitness.member (workspace_id, id, name, joined_on)
SELECT 'stars', id, id, '2026-01-01'
FROM (SELECT 'fan-' || n AS id FROM generate_series(0, :fans - 1) AS n UNION SELECT 'star' UNION SELECT 'other') AS ids;
INSERT INTO fitness.follow (workspace_id, follower_id, followed_id)
SELECT 'stars', id, followed
FROM fitness.member CROSS JOIN (VALUES ('star'), ('other')) AS stars (followed)
WHERE workspace_id = 'stars' AND id LIKE 'fan-%'"""
_OLD_ROWS = """
INSERT INTO fitness.post (workspace_id, id, member_id, text)
SELECT 'stars', 'old-' || n, 'other', 'An older post' FROM generate_series(1, 10) AS n;
INSERT INTO fitness.activity (workspace_id, actor_id, verb, post_id)
SELECT 'stars', 'other', 'post', id FROM fitness.post WHERE workspace_id = 'stars';
INSERT INTO fitness.feed (workspace_id, member_id, at, activity_id)
SELECT 'stars', follower_id, activity.at, activity.id
FROM fitness.follow
JOIN fitness.activity ON activity.workspace_id = 'stars' AND activity.actor_id = 'other'
WHERE follow.workspace_id = 'stars' AND follow.followed_id = 'other'"""
_NEW_POST = """
INSERT INTO fitness.post (workspace_id, id, member_id, text) VALUES ('stars', :id, :author, 'A new post');
INSERT INTO fitness.activity (workspace_id, actor_id, verb, post_id) VALUES ('stars', :author, 'post', :id)
RETURNING id, at"""
