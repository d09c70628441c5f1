"""The record of a connection: which member it is of, and in which state it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.sql import statement
from groundwork.blocks.upsert import upsert
from groundwork.events.identifiers import fault_of
from groundwork.tasks.fitness.connections.sealing import seal

_SQL = Path(__file__).with_suffix(".sql")

LONGEST_USER = 128
"""Characters of a provider's id of a person."""


@dataclass(frozen=True)
class Linked:
    """A member's connection, without its tokens.

    Attributes:
        zone: IANA name of the member's zone, or else the gym's.
        state: active, broken or ended.
    """

    workspace_id: str
    member_id: str
    provider: str
    provider_user: str
    state: str
    zone: str


@dataclass(frozen=True)
class Tokens:
    """What a provider has given to act for a person. Never in a log: it shows none of it.

    Attributes:
        expires_in: of the access token; None where it does not expire.
    """

    access: str
    refresh: str | None
    expires_in: timedelta | None

    def __repr__(self) -> str:
        return "Tokens(…)"


def owner_of(workspace_id: str, member_id: str, provider: str, which: str) -> str:
    """What a token is sealed for. Ids have no line ends."""
    return "\n".join([workspace_id, member_id, provider, which])


def connect(connection: Connection, linked: Linked, tokens: Tokens | None) -> None:
    """Connect a member to an account of a provider, or connect anew: what was broken works again.

    Args:
        connection: the application's transaction.
        linked: state and zone do not count.
        tokens: of the provider's OAuth answer; None for Garmin, which pushes.

    Raises:
        NonRetriable: the provider's id of the person is too long, or not printable.
        ConfigurationError: no key to seal the tokens with.
        sqlalchemy.exc.IntegrityError: the workspace has no such member, or another member of it has this account.
    """
    user = linked.provider_user
    if not 1 <= len(user) <= LONGEST_USER or not user.isprintable():
        raise NonRetriable(
            f"provider_user: 1 to {LONGEST_USER} printable characters; the provider says it (such as id)"
        )
    for name, value in (("workspace_id", linked.workspace_id), ("member_id", linked.member_id)):
        if fault := fault_of(value):
            raise NonRetriable(f"{name}: {fault}")
    values = {**_address(linked), "provider_user": user, **sealed_tokens(linked, tokens)}
    upsert(connection, statement(_SQL, "connect"), values)


def disconnect(connection: Connection, linked: Linked) -> None:
    """End a connection. Its tokens are forgotten; the readings stay."""
    connection.execute(statement(_SQL, "disconnect"), _address(linked))


def connections_of_users_anywhere(
    connection: Connection, provider: str, provider_users: Iterable[str]
) -> Sequence[Linked]:
    """The connections of a provider's people in all workspaces: a webhook names none, and one may be in two gyms."""
    values = {"provider": provider, "provider_users": sorted(set(provider_users)), "workspace_id": None}
    return [Linked(**row) for row in connection.execute(statement(_SQL, "of_users"), values).mappings()]


def connections_of_users(
    connection: Connection, workspace_id: str, provider: str, provider_users: Iterable[str]
) -> dict[str, Linked]:
    """The connections of one workspace, by the provider's id of the person. Users without one are not in it."""
    values = {"provider": provider, "provider_users": sorted(set(provider_users)), "workspace_id": workspace_id}
    rows = connection.execute(statement(_SQL, "of_users"), values).mappings()
    return {row["provider_user"]: Linked(**row) for row in rows}


def connection_of_member(connection: Connection, workspace_id: str, member_id: str, provider: str) -> Linked | None:
    """A member's connection to a provider."""
    values = {"workspace_id": workspace_id, "member_id": member_id, "provider": provider}
    row = connection.execute(statement(_SQL, "of_member"), values).mappings().one_or_none()
    return Linked(**row) if row else None


def name_of_member(connection: Connection, workspace_id: str, member_id: str) -> str:
    """What a member is called; the id where nobody says."""
    values = {"workspace_id": workspace_id, "member_id": member_id}
    name = connection.execute(statement(_SQL, "name_of_member"), values).scalar()
    return str(name or member_id)


def has_member(connection: Connection, workspace_id: str, member_id: str) -> bool:
    """Whether a workspace has a member."""
    values = {"workspace_id": workspace_id, "member_id": member_id}
    return connection.execute(statement(_SQL, "name_of_member"), values).scalar() is not None


def mark_broken(connection: Connection, linked: Linked, reason: str, since: datetime) -> str | None:
    """Note that the provider refuses a connection.

    Args:
        reason: in words, for the owner.
        since: when the tokens that were refused were read. A member who has connected anew since is left alone.

    Returns:
        The user to be told, the gym's owner, or an empty text where there is no gym; None where it was broken before,
        so that they are told once.
    """
    values = {**_address(linked), "reason": reason, "since": since}
    owner: str | None = connection.execute(statement(_SQL, "mark_broken"), values).scalar()
    return owner


def sealed_tokens(linked: Linked, tokens: Tokens | None) -> dict[str, object]:
    """Tokens as the statements take them."""

    def sealed(token: str | None, which: str) -> bytes | None:
        if token is None:
            return None
        return seal(token, owner_of(linked.workspace_id, linked.member_id, linked.provider, which))

    return {
        "access_token": sealed(tokens.access, "access") if tokens else None,
        "refresh_token": sealed(tokens.refresh, "refresh") if tokens else None,
        "expires_in": tokens.expires_in if tokens else None,
    }


def _address(linked: Linked) -> dict[str, object]:
    return {"workspace_id": linked.workspace_id, "member_id": linked.member_id, "provider": linked.provider}
