"""Posts."""

from pathlib import Path

from sqlalchemy import Connection

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.sql import statement
from groundwork.blocks.uuid7 import uuid7
from groundwork.events.fitness.social import PostCreated, PostDeleted
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.tasks.fitness.social.words import checked_words

_SQL = Path(__file__).with_suffix(".sql")


def create_post(
    connection: Connection, workspace_id: WorkspaceId, member_id: str, text: str, *, post_id: str | None = None
) -> str:
    """Publish a post; it goes to the feeds of those who follow the member.

    Args:
        connection: the caller's transaction.
        text: 5,000 characters at most.
        post_id: the application's own id, by which a repeat is known. Default: a new one.

    Returns:
        The post's id.

    Raises:
        NonRetriable: there is no such member, the text is empty or too long, or the id is another member's post.
    """
    post_id = post_id or str(uuid7())
    values = {"workspace_id": str(workspace_id), "member_id": member_id, "id": post_id, "text": checked_words(text)}
    done = connection.execute(statement(_SQL, "create_post"), values).one()
    if not done.members:
        raise NonRetriable(f"{workspace_id} has no member {member_id}; store the member first")
    if done.at is not None:
        send(PostCreated(workspace_id=workspace_id, actor_id=member_id, post_id=post_id, at=done.at), connection)
    elif done.author_id != member_id:
        raise NonRetriable(f"post {post_id} of {workspace_id} is another member's; leave post_id out for a new id")
    return post_id


def delete_post(connection: Connection, workspace_id: WorkspaceId, post_id: str) -> bool:
    """Delete a post: it is in no feed any more from this transaction on, nor is what was done to it.

    Waits for a fan-out of the post that is writing at this moment, a second at most.

    Args:
        connection: the caller's transaction.

    Returns:
        Whether it was there.
    """
    values = {"workspace_id": str(workspace_id), "id": post_id}
    gone = connection.execute(statement(_SQL, "delete_post"), values).one_or_none()
    if gone is None:
        return False
    event = PostDeleted(workspace_id=workspace_id, actor_id=gone.member_id, post_id=post_id, at=gone.deleted_at)
    send(event, connection)
    return True
