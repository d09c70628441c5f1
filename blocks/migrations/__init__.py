"""Schema migrations, run by Alembic without a configuration file: a branch of the engine, and one of each application.

The engine's revisions stand in ``versions``, an application's in the package that its
:class:`~groundwork.blocks.applications.Application` names. To write one, give ``alembic.command.revision`` the
:meth:`~groundwork.blocks.migrations.branches.Branch.config` of its branch.
"""

from alembic import command
from sqlalchemy import Connection, text

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.migrations.branches import ENGINE, Branch, branches

_LOCK = 0x67726F756E64
"""Advisory lock: several processes may start at once, and one migrates."""


def upgrade(connection: Connection) -> None:
    """Bring the schema of the engine and of each application to its last revision, in the caller's transaction.

    Safe to call from many processes at once. Does nothing where the schema is there already. What an application that
    is not loaded has left in the database stays as it is.

    Raises:
        ConfigurationError: a migration of an application fails; the message names both.
    """
    upgrade_branch(connection, ENGINE)
    for branch in branches():
        if branch != ENGINE:
            upgrade_branch(connection, branch)


def upgrade_branch(connection: Connection, branch: Branch, revision: str = "head") -> None:
    """Bring one branch to a revision; those of applications need the engine's.

    Raises:
        ConfigurationError: a migration of an application fails; the message names both.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS groundwork"))
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS app"))
    try:
        config = branch.config(connection)
        config.attributes["new"] = branch.revision(connection) is None
        command.upgrade(config, revision)
    except Exception as error:
        if branch.application is None:
            raise
        where = branch.file_of(error)
        raise ConfigurationError(
            f"application {branch.application}: its migration{f' {where}' if where else 's'} failed, and nothing was "
            f"migrated: {type(error).__name__}: {error}"
        ) from error


def behind(connection: Connection) -> str | None:
    """What keeps a database from being the one that this code was written for; None where it is.

    Raises:
        ConfigurationError: an application's migrations cannot be found.
    """
    for branch in branches():
        found, wanted = branch.revision(connection), branch.head()
        if found != wanted:
            whose = f" of {branch.application}" if branch.application else ""
            return f"The schema{whose} is at revision {found}, {wanted} is wanted. Run the migrations."
    return None
