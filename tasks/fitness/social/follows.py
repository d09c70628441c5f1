"""Who follows whom."""

from pathlib import Path

from sqlalchemy import Connection

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.sql import statement
from groundwork.events.fitness.social import FollowAdded, FollowRemoved
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send

_SQL = Path(__file__).with_suffix(".sql")


def follow(connection: Connection, workspace_id: WorkspaceId, follower_id: str, followed_id: str) -> bool:
    """Have a member follow another: what that one does comes into the follower's feed, the newest at once.

    Args:
        connection: the caller's transaction.

    Returns:
        Whether that is new. A repeat changes nothing.

    Raises:
        NonRetriable: there is no such member, or they are the same.
    """
    if follower_id == followed_id:
        raise NonRetriable(f"{follower_id} cannot follow themselves; name another member")
    pair = {"workspace_id": str(workspace_id), "follower_id": follower_id, "followed_id": followed_id}
    done = connection.execute(statement(_SQL, "follow"), pair).one()
    if not done.members:
        raise NonRetriable(f"{workspace_id} has no member {follower_id} or no member {followed_id}; store both first")
    if done.at is None:
        return False
    send(FollowAdded(workspace_id=workspace_id, actor_id=follower_id, followed_id=followed_id, at=done.at), connection)
    return True


def unfollow(connection: Connection, workspace_id: WorkspaceId, follower_id: str, followed_id: str) -> bool:
    """Have a member follow another no more: what that one did is not shown any more, from this transaction on.

    Args:
        connection: the caller's transaction.

    Returns:
        Whether they did follow.
    """
    pair = {"workspace_id": str(workspace_id), "follower_id": follower_id, "followed_id": followed_id}
    at = connection.execute(statement(_SQL, "unfollow"), pair).scalar()
    if at is None:
        return False
    send(FollowRemoved(workspace_id=workspace_id, actor_id=follower_id, followed_id=followed_id, at=at), connection)
    return True
