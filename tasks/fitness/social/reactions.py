"""Reactions to posts."""

import re
from pathlib import Path

from sqlalchemy import Connection

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.sql import statement
from groundwork.events.fitness.social import ReactionAdded, ReactionRemoved
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send

_SQL = Path(__file__).with_suffix(".sql")

_REACTION = re.compile(r"[a-z]{1,20}")


def react(
    connection: Connection, workspace_id: WorkspaceId, member_id: str, post_id: str, *, reaction: str = "like"
) -> bool:
    """Have a member react to a post. The author hears of it in a digest, the member's followers in their feeds.

    Args:
        connection: the caller's transaction.
        reaction: 1 to 20 small letters.

    Returns:
        Whether that is new. A repeat changes nothing.

    Raises:
        NonRetriable: there is no such member or post, the post is deleted, or the reaction is none.
    """
    if not _REACTION.fullmatch(reaction):
        raise NonRetriable(f"{reaction[:40]!r} is no reaction: 1 to 20 of the letters a to z, such as like")
    values = _values(workspace_id, member_id, post_id, reaction)
    done = connection.execute(statement(_SQL, "react"), values).one()
    if not done.posts:
        raise NonRetriable(f"{workspace_id} has no member {member_id}, or no post {post_id} that is not deleted")
    if done.at is None:
        return False
    event = ReactionAdded(workspace_id=workspace_id, actor_id=member_id, post_id=post_id, reaction=reaction, at=done.at)
    send(event, connection)
    return True


def unreact(
    connection: Connection, workspace_id: WorkspaceId, member_id: str, post_id: str, *, reaction: str = "like"
) -> bool:
    """Take a reaction back: no digest tells of it any more, and no feed shows it.

    Args:
        connection: the caller's transaction.

    Returns:
        Whether there was one.
    """
    at = connection.execute(statement(_SQL, "unreact"), _values(workspace_id, member_id, post_id, reaction)).scalar()
    if at is None:
        return False
    event = ReactionRemoved(workspace_id=workspace_id, actor_id=member_id, post_id=post_id, reaction=reaction, at=at)
    send(event, connection)
    return True


def _values(workspace_id: WorkspaceId, member_id: str, post_id: str, reaction: str) -> dict[str, str]:
    return {"workspace_id": str(workspace_id), "member_id": member_id, "post_id": post_id, "reaction": reaction}
