"""Comments on posts."""

from pathlib import Path

from sqlalchemy import Connection

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.sql import statement
from groundwork.blocks.uuid7 import uuid7
from groundwork.events.fitness.social import CommentAdded, CommentDeleted
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.tasks.fitness.social.words import checked_words

_SQL = Path(__file__).with_suffix(".sql")


def comment(
    connection: Connection,
    workspace_id: WorkspaceId,
    member_id: str,
    post_id: str,
    *,
    text: str,
    comment_id: str | None = None,
) -> str:
    """Have a member comment on a post. The author hears of it in a digest, the member's followers in their feeds.

    Args:
        connection: the caller's transaction.
        text: 5,000 characters at most.
        comment_id: the application's own id, by which a repeat is known. Default: a new one.

    Returns:
        The comment's id.

    Raises:
        NonRetriable: there is no such member or post, the post is deleted, the text is empty or too long, or the id is
            another comment's.
    """
    comment_id = comment_id or str(uuid7())
    where = {"workspace_id": str(workspace_id), "member_id": member_id, "post_id": post_id}
    done = connection.execute(statement(_SQL, "comment"), where | {"id": comment_id, "text": checked_words(text)}).one()
    if not done.posts:
        raise NonRetriable(f"{workspace_id} has no member {member_id}, or no post {post_id} that is not deleted")
    if done.at is not None:
        send(
            CommentAdded(
                workspace_id=workspace_id, actor_id=member_id, post_id=post_id, comment_id=comment_id, at=done.at
            ),
            connection,
        )
    elif not done.repeated:
        raise NonRetriable(f"comment {comment_id} of {workspace_id} is another one; leave comment_id out for a new id")
    return comment_id


def delete_comment(connection: Connection, workspace_id: WorkspaceId, comment_id: str) -> bool:
    """Delete a comment: no digest tells of it any more, and no feed shows it.

    Args:
        connection: the caller's transaction.

    Returns:
        Whether it was there.
    """
    values = {"workspace_id": str(workspace_id), "id": comment_id}
    gone = connection.execute(statement(_SQL, "delete_comment"), values).one_or_none()
    if gone is None:
        return False
    event = CommentDeleted(
        workspace_id=workspace_id,
        actor_id=gone.member_id,
        post_id=gone.post_id,
        comment_id=comment_id,
        at=gone.deleted_at,
    )
    send(event, connection)
    return True
