"""Who is notified: users, looked up by their own id, and which kinds of mail they want."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, exists, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from groundwork.blocks.errors import UnknownName
from groundwork.blocks.schema import app_user, mail_bounce, notification_setting, workspace_setting
from groundwork.blocks.suggestions import did_you_mean
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.notifications.kinds import kind_of, kinds
from groundwork.notifications.local import Local


@dataclass(frozen=True, slots=True)
class Recipient:
    """A user, as far as a mail to them needs it.

    Attributes:
        workspace_id: of which they are a user now.
        wanted: whether they want mails of the kind.
        bounced: whether mail to the address came back for good.
        local: how the workspace's people write dates and numbers.
    """

    name: str
    email: str
    workspace_id: str
    wanted: bool
    bounced: bool
    local: Local


def recipient(connection: Connection, user_id: UserId, template: str) -> Recipient | None:
    """The user with an id; None where there is none.

    Args:
        connection: to look the user up; nothing is written.
        user_id: the person. A workspace's id is refused, even where the two happen to be the same text.
        template: name of the notification that they may want.

    Raises:
        TypeError: ``user_id`` is not a UserId.
        UnknownName: there is no such notification.
    """
    columns = app_user.c
    bounce = mail_bounce.c
    bounced = select(bounce.kind).where(
        bounce.user_id == columns.id, bounce.kind == "hard", func.lower(bounce.address) == func.lower(columns.email)
    )
    setting = workspace_setting.c
    found = (
        select(columns.name, columns.email, columns.workspace_id, _wanted(template), exists(bounced))
        .add_columns(setting.locale, setting.time_zone)
        .select_from(app_user.outerjoin(workspace_setting, setting.workspace_id == columns.workspace_id))
        .where(columns.id == str(_checked(user_id)))
    )
    user = connection.execute(found).one_or_none()
    if user is None:
        return None
    name, email, workspace_id, wanted, has_bounced, locale, time_zone = user
    return Recipient(name, email, workspace_id, wanted, has_bounced, Local.stored(locale, time_zone))


def subscribers(connection: Connection, workspace_id: WorkspaceId, template: str) -> list[UserId]:
    """The users of a workspace who want a notification, in order of their ids.

    Raises:
        TypeError: ``workspace_id`` is not a WorkspaceId.
        UnknownName: there is no such notification.
    """
    if not isinstance(workspace_id, WorkspaceId):
        raise TypeError(f"{workspace_id!r} is a {type(workspace_id).__name__}; a WorkspaceId is wanted")
    columns = app_user.c
    found = select(columns.id).where(columns.workspace_id == str(workspace_id), _wanted(template)).order_by(columns.id)
    return [UserId.stored(each) for each in connection.execute(found).scalars()]


def set_wanted(connection: Connection, user_id: UserId, kind: str, wanted: bool) -> None:
    """Turn a kind of mail on or off for a person. A repeat, or a user who is gone, changes nothing.

    Args:
        kind: its name, as in ``kind.txt``.

    Raises:
        TypeError: ``user_id`` is not a UserId.
        UnknownName: no notification is of that kind.
    """
    if kind not in kinds():
        raise UnknownName(f"unknown kind of mail {kind!r}{did_you_mean(kind, dict.fromkeys(kinds()))}")
    user = select(app_user.c.id, literal(kind), literal(wanted)).where(app_user.c.id == str(_checked(user_id)))
    row = insert(notification_setting).from_select(["user_id", "kind", "wanted"], user)
    connection.execute(
        row.on_conflict_do_update(index_elements=["user_id", "kind"], set_={"wanted": row.excluded.wanted})
    )


def _wanted(template: str) -> ColumnElement[bool]:
    kind = kind_of(template)
    if kind is None:
        return literal(True)
    setting = notification_setting.c
    off = select(setting.kind).where(setting.user_id == app_user.c.id, setting.kind == kind.name, ~setting.wanted)
    return ~exists(off)


def _checked(user_id: UserId) -> UserId:
    if not isinstance(user_id, UserId):
        raise TypeError(f"{user_id!r} is a {type(user_id).__name__}; a UserId is wanted")
    return user_id
