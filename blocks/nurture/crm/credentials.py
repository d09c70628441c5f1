"""How we get into an agency's CRM: its credential, encrypted in our database, and the tokens made of it."""

import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from groundwork.blocks.database import database
from groundwork.blocks.errors import RetryAfter
from groundwork.blocks.nurture.crm.errors import CrmLocked, CrmUnavailable
from groundwork.blocks.nurture.crm.seal import opened, sealed
from groundwork.blocks.nurture.crm.settings import crm_settings
from groundwork.blocks.sql import statement

Credential = dict[str, Any]
"""What a CRM's adapter keeps of an account, such as ``refresh_token``, and what was made of it."""

MARGIN = timedelta(minutes=2)
"""A token that ends so soon is made anew: a push may take that long."""

_LOCK_NOT_AVAILABLE = "55P03"
"""SQLSTATE of a lock that was waited for too long."""
_SQL = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class Token:
    """What a token endpoint has answered.

    Attributes:
        access_token: what requests carry.
        seconds: until it ends.
        refresh_token: in place of the one that was used up; None: that one goes on.
    """

    access_token: str
    seconds: float
    refresh_token: str | None = None


def keep_credential(account: str, credential: Mapping[str, Any], connection: Connection | None = None) -> None:
    """Store the credential of an account, in place of an older one.

    Args:
        connection: the caller's transaction; None: one of its own.

    Raises:
        ConfigurationError: there is no secret to encrypt it with.
    """
    with nullcontext(connection) if connection else database().transaction() as transaction:
        _keep(transaction, account, dict(credential))


def credential_of(account: str) -> Credential | None:
    """The credential of an account; None where there is none.

    Raises:
        ConfigurationError: it cannot be decrypted.
    """
    with database().transaction() as connection:
        return read_credential(connection, account)


def read_credential(connection: Connection, account: str) -> Credential | None:
    """The credential of an account, as of :func:`credential_of`, within the caller's transaction."""
    return _read(connection.execute(statement(_SQL, "credential"), {"account": account}).scalar())


def current_token(account: str, renew: Callable[[Credential], Token]) -> str:
    """The access token of an account, by ``expires_in`` of the last one and not by trial.

    Of all processes one renews it; the others wait for the row and find it renewed. A refresh token that the provider
    replaces is committed before the new access token is used. If the process dies between the provider's answer and the
    commit, a provider that has dropped the old refresh token at once wants the agency to connect again.

    Args:
        renew: asks the token endpoint; it raises what :func:`ask_for_token` raises.

    Raises:
        ConfigurationError: the credential cannot be decrypted.
    """
    credential = credential_of(account)
    if credential is not None and _lives(credential):
        return str(credential["access_token"])
    with database().transaction() as connection:
        found = _locked(connection, account)
        credential = _read(found) or {}
        if _lives(credential):
            return str(credential["access_token"])
        token = renew(credential)
        ends = datetime.now(UTC) + timedelta(seconds=token.seconds)
        credential |= {"access_token": token.access_token, "ends_at": ends.isoformat()}
        if token.refresh_token:
            credential["refresh_token"] = token.refresh_token
        _keep(connection, account, credential)
    return token.access_token


def _locked(connection: Connection, account: str) -> str | None:
    """What is kept of an account, for the one process that renews its token.

    Raises:
        CrmUnavailable: another one does, and takes too long.
    """
    # A token endpoint that hangs would have them all wait, one behind the other.
    milliseconds = int(crm_settings().crm_timeout_seconds * 1500)
    connection.execute(statement(_SQL, "wait_no_longer"), {"milliseconds": str(milliseconds)})
    try:
        connection.execute(statement(_SQL, "make_sure"), {"account": account})
        return connection.execute(statement(_SQL, "credential_locked"), {"account": account}).scalar()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise CrmUnavailable(f"another run has been asking for a token of {account} for long") from None


def ask_for_token(url: str, form: Mapping[str, str], **options: Any) -> Token:
    """Ask an OAuth token endpoint (RFC 6749, sections 4.4 and 6).

    Args:
        url: of the endpoint.
        form: what to send. It is in no error and no log line.
        options: for httpx, such as ``auth``.

    Raises:
        RetryAfter: it asks to wait.
        CrmLocked: it refuses the credential.
        CrmUnavailable: it does not answer, or makes no sense.
    """
    host = httpx.URL(url).host
    try:
        response = httpx.post(url, data=dict(form), timeout=crm_settings().crm_timeout_seconds, **options)
    except httpx.HTTPError as error:
        raise CrmUnavailable(f"{host}, asked for a token: {type(error).__name__}") from None
    if response.status_code == 429:
        raise RetryAfter.of(response, f"{host} gives no token now: too many were asked for")
    if response.is_client_error:
        raise CrmLocked(f"{host} gives no token ({response.status_code} {_reason(response)}). {_CURE}")
    try:
        answer = response.json()
        return Token(str(answer["access_token"]), float(answer["expires_in"]), answer.get("refresh_token"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CrmUnavailable(f"{host}, asked for a token, answered {response.status_code}") from None


_CURE = "Connect the account again: groundwork nurture connect"


def _reason(response: httpx.Response) -> str:
    """The code of the error (RFC 6749, section 5.2): never a text, which might quote what was sent."""
    try:
        code = response.json().get("error") or response.json().get("status")
    except (ValueError, AttributeError):
        return ""
    return code if isinstance(code, str) and len(code) < 60 and code.replace("_", "").isalnum() else ""


def _lives(credential: Credential) -> bool:
    """Whether there is a token, and one that does not end soon; one without an end is a private app's."""
    if not credential.get("access_token"):
        return False
    ends = credential.get("ends_at")
    return ends is None or datetime.fromisoformat(ends) > datetime.now(UTC) + MARGIN


def _read(found: str | None) -> Credential | None:
    credential: Credential | None = json.loads(opened(found)) if found else None
    return credential


def _keep(connection: Connection, account: str, credential: Credential) -> None:
    values = {"account": account, "sealed": sealed(json.dumps(credential))}
    connection.execute(statement(_SQL, "keep"), values)
