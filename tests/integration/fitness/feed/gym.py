"""A gym whose members follow, post and react, and what tests ask of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any, TypeVar

from sqlalchemy import Connection, insert, text

from groundwork.blocks.database import Database
from groundwork.blocks.schema.fitness.gym import gym, member
from groundwork.events.fitness.social import CommentAdded, FollowAdded, PostCreated, ReactionAdded
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.feed.fan_out import Named, Verb, copy_newest, push, push_range, take_up
from groundwork.tasks.fitness.feed.reading import FeedItem, feed
from groundwork.tasks.fitness.feed.trim import trim_range
from groundwork.tasks.fitness.social.comments import comment, delete_comment
from groundwork.tasks.fitness.social.follows import follow, unfollow
from groundwork.tasks.fitness.social.posts import create_post, delete_post
from groundwork.tasks.fitness.social.reactions import react, unreact

R = TypeVar("R")
ACME = WorkspaceId("acme")
DAYTIME = {"quiet_from": time(0), "quiet_until": time(0)}
"""A gym that has no quiet hours."""


def add_members(db: Database, ids: Iterable[str], *, workspace: str = ACME, **columns: object) -> None:
    """Store members, each with a user of the same id."""
    with db.transaction() as connection:
        rows = [
            {"workspace_id": workspace, "id": each, "name": each.title(), "user_id": each, "joined_on": "2026-01-01"}
            | columns
            for each in ids
        ]
        connection.execute(insert(member), rows)


def add_gym(db: Database, workspace: str = ACME, **columns: object) -> None:
    with db.transaction() as connection:
        row = {"workspace_id": workspace, "name": "Acme Gym", "owner_id": "owner"}
        connection.execute(insert(gym).values(**row | columns))


@dataclass(frozen=True)
class Members:
    """Members of a workspace who do things, each in a transaction of its own."""

    db: Database
    workspace: WorkspaceId = ACME

    def _do(self, function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        with self.db.transaction() as connection:
            return function(connection, self.workspace, *args, **kwargs)

    def follow(self, follower: str, followed: str) -> bool:
        return self._do(follow, follower, followed)

    def unfollow(self, follower: str, followed: str) -> bool:
        return self._do(unfollow, follower, followed)

    def post(self, author: str, post_id: str) -> str:
        return self._do(create_post, author, f"text of {post_id}", post_id=post_id)

    def delete(self, post_id: str) -> bool:
        return self._do(delete_post, post_id)

    def react(self, who: str, post_id: str, reaction: str = "like") -> bool:
        return self._do(react, who, post_id, reaction=reaction)

    def unreact(self, who: str, post_id: str, reaction: str = "like") -> bool:
        return self._do(unreact, who, post_id, reaction=reaction)

    def comment(self, who: str, post_id: str, comment_id: str) -> str:
        return self._do(comment, who, post_id, text=f"text of {comment_id}", comment_id=comment_id)

    def delete_comment(self, comment_id: str) -> bool:
        return self._do(delete_comment, comment_id)

    def feed(self, who: str, before: str | None = None, limit: int = 100) -> Sequence[FeedItem]:
        return self._do(feed, who, before, limit=limit)

    def seen(self, who: str) -> list[tuple[str, str, str, str]]:
        """The feed as verb, actor, post and object."""
        return [(each.verb, each.actor_id, each.post_id or "", each.object_id) for each in self.feed(who)]

    def fan_out(self, verb: Verb, named: Sequence[Named]) -> None:
        """What a batch of the job does, without Prefect."""
        with self.db.transaction() as connection:
            found = [each for each in take_up(connection, self.workspace, verb, named) if not each.pulled]
        with self.db.transaction() as connection:
            push(connection, self.workspace, [each.id for each in found])
        if verb == "follow":
            with self.db.transaction() as connection:
                copy_newest(connection, self.workspace, named)

    def push_in_ranges(self, activity_id: int) -> int:
        rows, after = 0, ""
        while True:
            with self.db.transaction() as connection:
                chunk = push_range(connection, self.workspace, activity_id, after)
            rows += chunk.rows
            if chunk.last is None:
                return rows
            after = chunk.last


def trim(db: Database) -> int:
    """Tidy all feeds; the rows that are gone."""
    rows, workspace_id, member_id = 0, "", ""
    while True:
        with db.transaction() as connection:
            trimmed = trim_range(connection, workspace_id, member_id)
        if trimmed.member_id is None:
            return rows
        rows, workspace_id, member_id = rows + trimmed.rows, trimmed.workspace_id, trimmed.member_id


def named_of(event: PostCreated | CommentAdded | ReactionAdded | FollowAdded) -> tuple[Verb, Named]:
    match event:
        case PostCreated():
            return "post", Named(actor_id=event.actor_id, post_id=event.post_id)
        case CommentAdded():
            return "comment", Named(actor_id=event.actor_id, post_id=event.post_id, object_id=event.comment_id)
        case ReactionAdded():
            return "reaction", Named(actor_id=event.actor_id, post_id=event.post_id, object_id=event.reaction)
        case FollowAdded():
            return "follow", Named(actor_id=event.actor_id, object_id=event.followed_id)


def feed_rows(connection: Connection, workspace: str = ACME) -> list[tuple[Any, ...]]:
    """Member, verb, actor, post and object of each row of a feed."""
    query = text(
        "SELECT feed.member_id, verb, actor_id, post_id, object_id FROM fitness.feed JOIN fitness.activity"
        " ON activity.id = activity_id WHERE feed.workspace_id = :workspace"
    )
    return sorted(tuple(row) for row in connection.execute(query, {"workspace": workspace}))
