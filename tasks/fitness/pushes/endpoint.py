"""The endpoint of a workspace: where it is, whether it is paused, and the secret that signs what it gets."""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.connections.sealing import seal, unseal
from groundwork.tasks.fitness.pushes.address import checked_url
from groundwork.tasks.fitness.settings import fitness_settings

_SQL = Path(__file__).with_suffix(".sql")

SECRET_BYTES = 32
"""Standard Webhooks: 24 to 64."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint, and how it does.

    Attributes:
        sealed_secret: opened by :func:`secret_of` only.
        failures: tries in a row that it has not taken.
        paused_at: None: pushes are sent.
    """

    workspace_id: str
    url: str
    sealed_secret: bytes
    created_at: datetime
    failures: int
    failing_since: datetime | None
    last_failure: str | None
    paused_at: datetime | None


def wants_pushes(connection: Connection, workspace_id: WorkspaceId) -> bool:
    """Whether a workspace has an endpoint that is not paused, so that there is somebody to push to."""
    found = endpoint_of(connection, workspace_id)
    return found is not None and found.paused_at is None


def endpoint_of(connection: Connection, workspace_id: WorkspaceId) -> Endpoint | None:
    """The endpoint of a workspace; None where it has none."""
    row = connection.execute(statement(_SQL, "endpoint_of"), {"workspace_id": str(workspace_id)}).one_or_none()
    return None if row is None else Endpoint(*row)


def set_endpoint(connection: Connection, workspace_id: WorkspaceId, url: str) -> str:
    """Give a workspace an endpoint, in place of the one that it has, with a new secret and no pause.

    Returns:
        The secret, ``whsec_…``, for the receiver. It is shown this once.

    Raises:
        EndpointRefused: the URL may not be pushed to.
        ConfigurationError: there is no key to seal the secret with.
    """
    checked = checked_url(url)
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
    values = {"workspace_id": str(workspace_id), "url": str(checked), "secret": seal(secret, _owner(str(workspace_id)))}
    connection.execute(statement(_SQL, "set_endpoint"), values)
    return secret


def remove_endpoint(connection: Connection, workspace_id: WorkspaceId) -> bool:
    """Push to a workspace's endpoint no more, and forget its secret.

    Returns:
        Whether there was one.
    """
    return bool(connection.execute(statement(_SQL, "remove_endpoint"), {"workspace_id": str(workspace_id)}).rowcount)


def resume_endpoint(connection: Connection, workspace_id: WorkspaceId) -> bool:
    """End a pause. What came about meanwhile is not sent later.

    Returns:
        Whether there is an endpoint.
    """
    return bool(connection.execute(statement(_SQL, "resume_endpoint"), {"workspace_id": str(workspace_id)}).rowcount)


def secret_of(endpoint: Endpoint) -> str:
    """The secret that signs what an endpoint gets.

    Raises:
        SealBroken: the key that sealed it is gone.
    """
    return unseal(endpoint.sealed_secret, _owner(endpoint.workspace_id))


def note_success(connection: Connection, endpoint: Endpoint) -> None:
    """An endpoint has taken a push: what was counted against it is forgotten."""
    connection.execute(statement(_SQL, "note_success"), _which(endpoint))


def note_failure(connection: Connection, endpoint: Endpoint, reason: str, *, gone: bool) -> bool:
    """Count a failed try, and pause the endpoint if it has failed for long enough, or is gone for good.

    One that was set anew meanwhile is another one, and nothing is counted against it.

    Args:
        reason: in words.

    Returns:
        Whether it is paused.
    """
    settings = fitness_settings()
    values = _which(endpoint) | {
        "reason": reason,
        "gone": gone,
        "failures": settings.push_pause_failures,
        "hours": settings.push_pause_hours,
    }
    return bool(connection.execute(statement(_SQL, "note_failure"), values).scalar())


def claim_telling(connection: Connection, workspace_id: WorkspaceId, delivery_id: UUID) -> str | None:
    """Give the mail about a pause to one delivery, in its transaction.

    Returns:
        The user who owns the gym; None where the mail is another delivery's, or nobody is known.
    """
    values = {"workspace_id": str(workspace_id), "delivery_id": delivery_id}
    owner: str | None = connection.execute(statement(_SQL, "claim_telling"), values).scalar()
    return owner


def _which(endpoint: Endpoint) -> dict[str, object]:
    return {"workspace_id": endpoint.workspace_id, "secret": endpoint.sealed_secret}


def _owner(workspace_id: str) -> str:
    return f"push endpoint of {workspace_id}"
