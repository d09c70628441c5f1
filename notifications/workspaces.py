"""How a workspace's people write dates, times and numbers, as applications and the command line set it."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from groundwork.blocks.schema import workspace_setting
from groundwork.events.identifiers import WorkspaceId
from groundwork.notifications.local import Local


def local_of(connection: Connection, workspace_id: WorkspaceId) -> Local:
    """How mails to a workspace's users write dates and numbers; the default where nothing was set."""
    columns = workspace_setting.c
    wanted = select(columns.locale, columns.time_zone).where(columns.workspace_id == str(workspace_id))
    found = connection.execute(wanted).one_or_none()
    return Local() if found is None else Local.stored(found.locale, found.time_zone)


def set_local(
    connection: Connection, workspace_id: WorkspaceId, *, locale: str | None = None, time_zone: str | None = None
) -> Local:
    """Set how mails to a workspace's users write dates and numbers, from the next mail on.

    Args:
        locale, time_zone: None for what they were.

    Returns:
        Both, as they are now.

    Raises:
        ConfigurationError: there is no such locale or time zone.
    """
    before = local_of(connection, workspace_id)
    now = Local.checked(locale or before.locale, time_zone or before.time_zone)
    values = {"locale": now.locale, "time_zone": now.time_zone}
    row = insert(workspace_setting).values(workspace_id=str(workspace_id), **values)
    connection.execute(row.on_conflict_do_update(index_elements=["workspace_id"], set_=values))
    return now
