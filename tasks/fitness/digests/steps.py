"""The steps of a digest."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from groundwork.events.fitness.social import DigestWanted
from groundwork.events.identifiers import UserId
from groundwork.events.inbox import running_attempt
from groundwork.notifications import notify_once
from groundwork.tasks.fitness.digests import closing
from groundwork.tasks.fitness.digests.closing import Digest
from groundwork.tasks.step import step

_TEMPLATE = "activity_digest"


@step(ledger=True, key=("event.member_id",))
def close_groups(connection: Connection, event: DigestWanted) -> Digest:
    """Close what is open for a member. Closed once: a later attempt mails the same."""
    return closing.close_groups(connection, event, running_attempt().delivery_id, datetime.now(UTC))


@step(retries=6, first_delay=2.0, key=("user_id",))
def mail_digest(user_id: UserId, values: dict[str, Any]) -> bool:
    """Mail it, unless the person has turned such mails off.

    Returns:
        Whether a message was sent.
    """
    return notify_once(user_id, _TEMPLATE, values)
