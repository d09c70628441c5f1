"""The steps of fan-out and of tidying up."""

from collections.abc import Sequence

from sqlalchemy import Connection

from groundwork.events.fitness.social import CommentAdded, FollowAdded, PostCreated, ReactionAdded
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.feed import fan_out, trim
from groundwork.tasks.fitness.feed.fan_out import Chunk, Found, Named, Verb, slices
from groundwork.tasks.fitness.feed.trim import Trimmed
from groundwork.tasks.fitness.settings import fitness_settings
from groundwork.tasks.step import step


def fan_out_posts(events: Sequence[PostCreated]) -> int:
    """Bring posts into the feeds of those who follow their authors; gives the rows that are new."""
    return _fan_out("post", events[0].workspace_id, [Named(actor_id=e.actor_id, post_id=e.post_id) for e in events])


def fan_out_comments(events: Sequence[CommentAdded]) -> int:
    """Bring comments into the feeds of those who follow their writers, and have the posts' authors told."""
    named = [Named(actor_id=each.actor_id, post_id=each.post_id, object_id=each.comment_id) for each in events]
    return _fan_out("comment", events[0].workspace_id, named)


def fan_out_reactions(events: Sequence[ReactionAdded]) -> int:
    """Bring reactions into the feeds of those who follow their actors, and have the posts' authors told."""
    named = [Named(actor_id=each.actor_id, post_id=each.post_id, object_id=each.reaction) for each in events]
    return _fan_out("reaction", events[0].workspace_id, named)


def fan_out_follows(events: Sequence[FollowAdded]) -> int:
    """Fill the feeds of new followers with the newest of those whom they follow now, bring the news of it into the
    feeds of those who follow them, and have the followed told."""
    workspace_id = events[0].workspace_id
    named = [Named(actor_id=each.actor_id, object_id=each.followed_id) for each in events]
    settings = fitness_settings()
    at_once = max(1, settings.feed_rows_per_step // settings.feed_length)
    copied = sum(copy_newest(workspace_id, named[n : n + at_once]) for n in range(0, len(named), at_once))
    return copied + _fan_out("follow", workspace_id, named)


def _fan_out(verb: Verb, workspace_id: WorkspaceId, named: list[Named]) -> int:
    rows = fitness_settings().feed_rows_per_step
    found = [each for each in take_up(workspace_id, verb, named) if each.followers and not each.pulled]
    few = slices([each for each in found if each.followers <= rows], rows)
    many = [each.id for each in found if each.followers > rows]
    return sum(push(workspace_id, ids) for ids in few) + sum(_push_to_all(workspace_id, each) for each in many)


def _push_to_all(workspace_id: WorkspaceId, activity_id: int) -> int:
    rows, after = 0, ""
    while True:
        chunk = push_range(workspace_id, activity_id, after)
        rows += chunk.rows
        if chunk.last is None:
            return rows
        after = chunk.last


@step(ledger=True)
def take_up(connection: Connection, workspace_id: WorkspaceId, verb: Verb, named: list[Named]) -> list[Found]:
    """Find what there is to do, and ask for digests. The key is all of it: a repeated batch may hold other events."""
    return fan_out.take_up(connection, workspace_id, verb, named)


@step(ledger=True)
def push(connection: Connection, workspace_id: WorkspaceId, ids: list[int]) -> int:
    """Put activities into feeds; gives the rows that are new."""
    return fan_out.push(connection, workspace_id, ids)


@step(ledger=True, key=("activity_id", "after"))
def push_range(connection: Connection, workspace_id: WorkspaceId, activity_id: int, after: str) -> Chunk:
    """Put an activity into the feeds of the next range of its actor's followers."""
    return fan_out.push_range(connection, workspace_id, activity_id, after)


@step(ledger=True)
def copy_newest(connection: Connection, workspace_id: WorkspaceId, pairs: list[Named]) -> int:
    """Copy the newest of the followed into the feeds of their new followers; gives the rows that are new."""
    return fan_out.copy_newest(connection, workspace_id, pairs)


def trim_all() -> int:
    """Tidy the feeds of all members, range by range; gives the rows that are gone."""
    rows, trimmed = 0, trim_range("", "")
    while trimmed.member_id is not None:
        rows += trimmed.rows
        trimmed = trim_range(trimmed.workspace_id, trimmed.member_id)
    return rows


@step(ledger=True, key=("workspace_id", "member_id"))
def trim_range(connection: Connection, workspace_id: str, member_id: str) -> Trimmed:
    """Tidy the feeds of the members behind one."""
    return trim.trim_range(connection, workspace_id, member_id)
