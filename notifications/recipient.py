"""Who is notified: users, looked up by their own id, and their settings."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, select

from groundwork.blocks.schema import app_user
from groundwork.events.identifiers import UserId, WorkspaceId

Setting = Literal["notify_on_import_complete", "notify_on_export_complete", "notify_weekly_digest"]
"""Columns of ``app.app_user`` by which a person turns a kind of notification off."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A user, as far as a mail to them needs it.

    Attributes:
        wanted: whether their setting is on.
    """

    name: str
    email: str
    wanted: bool


def recipient(connection: Connection, user_id: UserId, setting: Setting | None) -> Recipient | None:
    """The user with an id; None where there is none.

    Args:
        connection: to look the user up; nothing is written.
        user_id: the person. A workspace's id is refused, even where the two happen to be the same text.
        setting: the one that counts; None for a mail that cannot be turned off.

    Raises:
        TypeError: ``user_id`` is not a UserId.
    """
    if not isinstance(user_id, UserId):
        raise TypeError(f"{user_id!r} is a {type(user_id).__name__}; a UserId is wanted")
    user = connection.execute(select(app_user).where(app_user.c.id == str(user_id))).mappings().one_or_none()
    if user is None:
        return None
    return Recipient(user["name"], user["email"], wanted=setting is None or user[setting])


def subscribers(connection: Connection, workspace_id: WorkspaceId, setting: Setting) -> list[UserId]:
    """The users of a workspace whose setting is on, in order of their ids.

    Raises:
        TypeError: ``workspace_id`` is not a WorkspaceId.
    """
    if not isinstance(workspace_id, WorkspaceId):
        raise TypeError(f"{workspace_id!r} is a {type(workspace_id).__name__}; a WorkspaceId is wanted")
    columns = app_user.c
    wanted = select(columns.id).where(columns.workspace_id == str(workspace_id), columns[setting]).order_by(columns.id)
    return [UserId(each) for each in connection.execute(wanted).scalars()]
