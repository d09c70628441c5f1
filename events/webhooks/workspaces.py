"""Whose a message is. A source declares it; nothing is guessed."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from groundwork.events.identifiers import WorkspaceId


class Workspaces(Protocol):
    """How the accounts that a source names become workspaces. An account that a message does not name is empty."""

    def of(self, connection: Connection, accounts: Collection[str]) -> Mapping[str, Collection[str]]:
        """The workspaces of each account; those that nobody here has are not in it."""
        ...


@dataclass(frozen=True)
class OneWorkspace:
    """All messages are one workspace's.

    Attributes:
        id: of the workspace.

    Raises:
        ValueError: it is no id.
    """

    id: str

    def __post_init__(self) -> None:
        WorkspaceId(self.id)

    def of(self, connection: Connection, accounts: Collection[str]) -> Mapping[str, Collection[str]]:  # noqa: ARG002
        """That workspace for each account."""
        return dict.fromkeys(accounts, (self.id,))


@dataclass(frozen=True)
class InTheMessage:
    """The account is the workspace's id, as the application has put it into the provider's object.

    Only for providers in whose objects tenants cannot write: whoever can write the field can send for each workspace.
    """

    def of(self, connection: Connection, accounts: Collection[str]) -> Mapping[str, Collection[str]]:  # noqa: ARG002
        """Each account itself."""
        return {each: (each,) for each in accounts if each}


@dataclass(frozen=True)
class ByAccount:
    """The application knows which workspaces have an account.

    Attributes:
        lookup: as :meth:`Workspaces.of`, asked once for all that a request tells.
    """

    lookup: Callable[[Connection, Collection[str]], Mapping[str, Collection[str]]]

    def of(self, connection: Connection, accounts: Collection[str]) -> Mapping[str, Collection[str]]:
        """What the application says."""
        return self.lookup(connection, [each for each in accounts if each])
