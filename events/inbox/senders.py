"""Database roles that may send by SQL, and the workspaces for which they may."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from groundwork.blocks.errors import UnknownName
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

ROLE = "groundwork_sender"
"""Its members may call ``groundwork.send`` and ``groundwork.send_many``, and nothing else of the inbox."""


@dataclass(frozen=True, slots=True)
class SqlSender:
    """A role that sends, or is bound.

    Attributes:
        may_send: whether it is a direct member of ``groundwork_sender``.
        workspaces: for which it may send; None for all.
    """

    role: str
    may_send: bool
    workspaces: Sequence[str] | None


def senders(connection: Connection) -> list[SqlSender]:
    """The members of ``groundwork_sender`` and the roles that are bound, by name."""
    return [SqlSender(**row) for row in connection.execute(_statement("senders")).mappings()]


def bind_sender(connection: Connection, role: str, workspaces: Sequence[str]) -> None:
    """Have a role send for these workspaces, and for no others. Counts at once, in place of what it was bound to.

    Args:
        role: as which the application logs in, or which it sets; both count.

    Raises:
        UnknownName: the server has no such role.
    """
    if not connection.execute(_statement("role_exists"), {"role": role}).scalar():
        raise UnknownName(f"the database server has no role {role!r}; CREATE ROLE makes one")
    connection.execute(_statement("bind_sender"), {"role": role, "workspaces": list(workspaces)})


def free_sender(connection: Connection, role: str) -> bool:
    """Let a role send for every workspace again. Returns whether it was bound."""
    return connection.execute(_statement("free_sender"), {"role": role}).rowcount > 0
