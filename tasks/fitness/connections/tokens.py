"""Tokens in use: opened when a provider is called, and refreshed by one run at a time.

A refresh token works once at most providers. So whoever refreshes holds the connection's row locked while it asks, and
others wait for it and find the new tokens. A process that dies between the provider's answer and the commit has lost
them, and the member connects anew: no provider tells a second time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from groundwork.blocks.database import database
from groundwork.blocks.errors import GroundworkError
from groundwork.blocks.retry import database_went_away, while_database_restarts
from groundwork.blocks.sql import statement
from groundwork.tasks.fitness.connections.record import Linked, Tokens, owner_of, sealed_tokens
from groundwork.tasks.fitness.connections.sealing import unseal

_SQL = Path(__file__).with_suffix(".sql")

EXPIRY_MARGIN = timedelta(seconds=60)
"""How long before its end an access token is refreshed. Too low: it ends on its way to the provider."""
STORE_SECONDS = 60.0
"""How long new tokens are held while the database is away. Too low: a restart costs members their connections."""


class ConnectionRefused(GroundworkError):
    """The provider does not let us in for this member any more. The member has to connect anew.

    Attributes:
        since: when the tokens that it refused were read.
    """

    def __init__(self, message: str, since: datetime) -> None:
        super().__init__(message)
        self.since = since


class Refreshing(Protocol):
    """What gets new tokens from a provider."""

    def refresh(self, refresh_token: str) -> Tokens | None:
        """New tokens; None where the provider says that the old one is worth nothing."""


@dataclass(frozen=True)
class Access:
    """An access token, and when it was read."""

    token: str
    read_at: datetime

    def __repr__(self) -> str:
        return "Access(…)"


def access_of(linked: Linked, provider: Refreshing, *, refused: str | None = None) -> Access:
    """The access token of a connection, refreshed if need be.

    Args:
        linked: the connection.
        provider: is asked for new ones.
        refused: a token that the provider has just refused; it is not given again.

    Raises:
        ConnectionRefused: the connection is not active, or the provider refuses to refresh it.
        SealBroken: the stored tokens cannot be opened.
        RetryAfter, httpx.HTTPError: the provider is busy, or away.
    """
    with database().transaction() as connection:
        held = _held(connection, linked, "tokens")
    if held.is_usable(refused):
        return Access(held.access, held.now)
    return _refreshed(linked, provider, refused)


@dataclass(frozen=True)
class _Held:
    access: str
    row: Any

    @property
    def now(self) -> datetime:
        moment: datetime = self.row.now
        return moment

    def is_usable(self, refused: str | None) -> bool:
        ends = self.row.expires_at
        return self.access != refused and (ends is None or ends - self.now > EXPIRY_MARGIN)


def _refreshed(linked: Linked, provider: Refreshing, refused: str | None) -> Access:
    tokens: Tokens | None = None
    sealed_before: bytes | None = None
    try:
        with database().transaction() as connection:
            held = _held(connection, linked, "lock_tokens")
            if held.is_usable(refused):
                return Access(held.access, held.now)
            sealed_before = held.row.refresh_token
            tokens = provider.refresh(_opened(linked, sealed_before, "refresh")) if sealed_before else None
            if tokens is None:
                raise ConnectionRefused(f"{linked.provider} does not renew the member's permission", held.now)
            return Access(tokens.access, _stored(connection, linked, tokens, sealed_before))
    except DBAPIError as error:
        if tokens is None or not database_went_away(error):
            raise
    for trial in while_database_restarts(STORE_SECONDS):
        with trial, database().transaction() as connection:
            stored_at = _stored(connection, linked, tokens, sealed_before)
    return Access(tokens.access, stored_at)


def _held(connection: Connection, linked: Linked, name: str) -> _Held:
    values = {"workspace_id": linked.workspace_id, "member_id": linked.member_id, "provider": linked.provider}
    row = connection.execute(statement(_SQL, name), values).one()
    if row.state != "active" or row.access_token is None:
        raise ConnectionRefused(f"the connection to {linked.provider} is {row.state or 'gone'}", row.now)
    return _Held(_opened(linked, row.access_token, "access"), row)


def _opened(linked: Linked, sealed: bytes, which: str) -> str:
    return unseal(bytes(sealed), owner_of(linked.workspace_id, linked.member_id, linked.provider, which))


def _stored(connection: Connection, linked: Linked, tokens: Tokens, before: bytes | None) -> datetime:
    """Store new tokens, unless somebody has stored others since."""
    values = {
        "workspace_id": linked.workspace_id,
        "member_id": linked.member_id,
        "provider": linked.provider,
        "before": before,
        **sealed_tokens(linked, tokens),
    }
    stored_at: datetime = connection.execute(statement(_SQL, "store_tokens"), values).scalar_one()
    return stored_at
