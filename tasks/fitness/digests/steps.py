"""The steps of a digest."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.events.fitness.social import DigestClosed, DigestWanted
from groundwork.events.inbox import running_attempt
from groundwork.notifications import notify_once
from groundwork.tasks.fitness.digests import closing
from groundwork.tasks.fitness.digests.closing import Digest, user_of
from groundwork.tasks.mail_patience import MAIL_PATIENCE
from groundwork.tasks.step import step

_TEMPLATE = "activity_digest"


@step(ledger=True, key=("event.member_id",))
def close_groups(connection: Connection, event: DigestWanted) -> Digest:
    """Close what is open for a member, and send what is to be told of it. Closed once."""
    return closing.close_groups(connection, event, running_attempt().delivery_id, datetime.now(UTC))


@step(**MAIL_PATIENCE, key=("event.member_id",))
def mail_digest(event: DigestClosed) -> bool:
    """Mail it, unless the person has turned such mails off, or is gone.

    Returns:
        Whether a message was sent.
    """
    with database().transaction() as connection:
        user_id = user_of(connection, event.workspace_id, event.member_id)
    values: dict[str, Any] = {"groups": [each.model_dump() for each in event.groups], "more": event.more}
    return user_id is not None and notify_once(user_id, _TEMPLATE, values)
