"""Users, as far as commands and applications in Python make them; others write the rows of ``app.app_user``."""

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.schema import app_user


def store_user(connection: Connection, user_id: str, workspace_id: str, *, email: str, name: str) -> None:
    """Store a user of a workspace, or give the one that is there another address and name.

    Raises:
        ConfigurationError: the id is that of another workspace's user.
    """
    row = insert(app_user).values(id=user_id, workspace_id=workspace_id, email=email, name=name)
    stored = connection.execute(
        row.on_conflict_do_update(
            index_elements=["id"],
            set_={"email": row.excluded.email, "name": row.excluded.name},
            where=app_user.c.workspace_id == workspace_id,
        ).returning(app_user.c.id)
    ).one_or_none()
    if stored is None:
        raise ConfigurationError(f"the user {user_id} belongs to another workspace; choose another id")
