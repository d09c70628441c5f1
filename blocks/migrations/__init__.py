"""Schema migrations, run by Alembic without a configuration file: a branch of the engine, and one of each application.

The engine's revisions stand in ``versions``, an application's in the package that its
:class:`~groundwork.blocks.applications.Application` names. To write one, give ``alembic.command.revision`` the
:meth:`~groundwork.blocks.migrations.branches.Branch.config` of its branch.
"""

import logging

from alembic import command
from sqlalchemy import Connection, text

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.migrations.branches import ENGINE, Branch, branches

logger = logging.getLogger(__name__)

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
    """Bring one branch to a revision; those of applications need the engine's. One that a newer release has brought
    further stays as it is, so that the release before can be deployed again.

    Raises:
        ConfigurationError: a migration of an application fails; the message names both.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS groundwork"))
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS app"))
    try:
        if branch.is_ahead(connection):
            logger.warning(_ahead(connection, branch))
            return
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
    """What keeps a database from being one that this code can work with; None where nothing does. The schema of a newer
    release does not: parts of this one go on while they are replaced.

    Raises:
        ConfigurationError: an application's migrations cannot be found.
    """
    for branch in branches():
        found, wanted = branch.revision(connection), branch.head()
        if found != wanted and not branch.is_ahead(connection):
            return f"{_schema(branch)} is at revision {found}, {wanted} is wanted. Run the migrations."
    return None


def ahead(connection: Connection) -> str | None:
    """What a newer release has migrated further than this code knows; None where there is nothing of the kind.

    Raises:
        ConfigurationError: an application's migrations cannot be found.
    """
    return next((_ahead(connection, each) for each in branches() if each.is_ahead(connection)), None)


def _ahead(connection: Connection, branch: Branch) -> str:
    return (
        f"{_schema(branch)} is at revision {branch.revision(connection)}, to which a newer release has brought it, and "
        f"stays so: this one knows it up to {branch.head()}, and works where what came since only adds."
    )


def _schema(branch: Branch) -> str:
    return f"The schema of {branch.application}" if branch.application else "The schema"
