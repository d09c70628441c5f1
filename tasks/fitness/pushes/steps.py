"""The steps of a push."""

import json
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.errors import RetryAfter
from groundwork.events.fitness.sync import ExternalPushWanted
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import running_attempt
from groundwork.notifications import notify_once
from groundwork.tasks.fitness.pushes.endpoint import (
    Endpoint,
    claim_telling,
    endpoint_of,
    note_failure,
    note_success,
    secret_of,
)
from groundwork.tasks.fitness.pushes.post import Message, PushFailed, post
from groundwork.tasks.mail_patience import MAIL_PATIENCE
from groundwork.tasks.step import step

_TEMPLATE = "push_paused"


class Pushed(BaseModel):
    """What became of a push.

    Attributes:
        status: that the endpoint answered; None where nothing was sent.
        paused: the endpoint is, so that nothing is sent.
    """

    status: int | None = None
    paused: bool = False


def message_of(event: ExternalPushWanted) -> Message:
    """An event as the endpoint gets it: ``type``, ``timestamp`` and ``data``, as Standard Webhooks recommends.

    The bytes are the same at each try.
    """
    document = {
        "type": f"fitness.{event.kind}",
        "timestamp": event.at.isoformat(),
        "data": {"workspaceId": event.workspace_id, "memberId": event.member_id} | event.payload,
    }
    return Message(str(event.push_id), json.dumps(document, separators=(",", ":"), sort_keys=True).encode())


@step(retries=13, first_delay=5.0, longest_delay=7200.0, key=("event.push_id",))
def push_to_endpoint(event: ExternalPushWanted) -> Pushed:
    """Push to the workspace's endpoint; for about seven hours, if it does not take it.

    Raises:
        PushFailed, RetryAfter: it did not take it, and is tried again.
    """
    with database().transaction() as connection:
        endpoint = endpoint_of(connection, event.workspace_id)
    if endpoint is None or endpoint.paused_at is not None:
        return Pushed(paused=endpoint is not None)
    try:
        status = post(endpoint.url, secret_of(endpoint), message_of(event))
    except (PushFailed, RetryAfter) as error:
        if _is_paused_for(endpoint, error):
            return Pushed(paused=True)
        raise
    if endpoint.failures:
        with database().transaction() as connection:
            note_success(connection, endpoint)
    return Pushed(status=status)


def _is_paused_for(endpoint: Endpoint, error: Exception) -> bool:
    gone = isinstance(error, PushFailed) and error.gone
    with database().transaction() as connection:
        return note_failure(connection, endpoint, str(error), gone=gone)


class Telling(BaseModel):
    """Who is told of a pause, and what.

    Attributes:
        owner_id: None where nobody is to be told, or another delivery does so.
    """

    owner_id: str | None = None
    values: dict[str, Any] = {}


@step(ledger=True)
def take_telling(connection: Connection, workspace_id: WorkspaceId) -> Telling:
    """Find out whether this delivery tells the owner of the pause: one of them does."""
    owner_id = claim_telling(connection, workspace_id, running_attempt().delivery_id)
    endpoint = endpoint_of(connection, workspace_id)
    if owner_id is None or endpoint is None:
        return Telling()
    since = endpoint.failing_since or endpoint.created_at
    values = {
        "host": endpoint.url.partition("://")[2].partition("/")[0],
        "failures": endpoint.failures,
        "since": f"{since:%-d %B %Y, %H:%M} UTC",
        "error": endpoint.last_failure or "unknown",
        "workspace": str(workspace_id),
    }
    return Telling(owner_id=owner_id, values=values)


@step(**MAIL_PATIENCE, key=("owner_id",))
def mail_owner(owner_id: UserId, values: dict[str, Any]) -> bool:
    """Tell the owner, who cannot turn this one off."""
    return notify_once(owner_id, _TEMPLATE, values)


def tell_owner_once(workspace_id: WorkspaceId) -> bool:
    """Tell the gym's owner of the pause, once for each pause."""
    telling = take_telling(workspace_id)
    return telling.owner_id is not None and mail_owner(UserId.stored(telling.owner_id), telling.values)
