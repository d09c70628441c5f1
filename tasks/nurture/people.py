"""People of an agency, looked up as its users."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from groundwork.blocks.schema import app_user
from groundwork.events.identifiers import UserId, WorkspaceId

MOST_PEOPLE = 50
"""Users of an agency whom one event is told to. More: one lead would be a mailing of its own."""


@dataclass(frozen=True)
class Person:
    """A user of an agency."""

    id: UserId
    name: str
    email: str


def person_of(connection: Connection, workspace_id: WorkspaceId, user_id: str | None) -> Person | None:
    """A user of the agency; None where it has none of this id, and so for the user of another one."""
    if user_id is None:
        return None
    return next(iter(_people(connection, workspace_id, app_user.c.id == user_id)), None)


def people_of(connection: Connection, workspace_id: WorkspaceId) -> list[Person]:
    """The users of the agency in order of their ids, at most :data:`MOST_PEOPLE`."""
    return _people(connection, workspace_id)


def _people(connection: Connection, workspace_id: WorkspaceId, *conditions: object) -> list[Person]:
    columns = app_user.c
    found = (
        select(columns.id, columns.name, columns.email)
        .where(columns.workspace_id == str(workspace_id), *conditions)  # type: ignore[arg-type]
        .order_by(columns.id)
        .limit(MOST_PEOPLE)
    )
    return [Person(UserId.stored(row.id), row.name, row.email) for row in connection.execute(found)]
