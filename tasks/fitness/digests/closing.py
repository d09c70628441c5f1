"""The open groups of a member become one digest, or wait for a better moment."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Connection

from groundwork.blocks.mail.headers import LONGEST_NAME, clean
from groundwork.blocks.sql import statement
from groundwork.events.fitness.social import DigestClosed, DigestGroup, DigestWanted
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import send
from groundwork.tasks.fitness.digests.quiet_hours import QuietHours
from groundwork.tasks.fitness.settings import fitness_settings

_SQL = Path(__file__).with_suffix(".sql")

NAMES_TOLD = 3
"""Members whom a group names; of more, the newest one is named and the others are counted."""
LONGEST_EXCERPT = 80
"""Characters of a post."""
GROUPS_TOLD = 20
"""Of one mail. The others are counted."""


class Digest(BaseModel):
    """What became of a member's open groups.

    Attributes:
        groups: that are closed, and told of by a mail; 0 where there is nothing to tell now.
        waits_until: when a digest is asked for again; None where this one goes out, or there is nothing.
    """

    groups: int = 0
    waits_until: datetime | None = None


def close_groups(connection: Connection, event: DigestWanted, delivery_id: UUID, now: datetime) -> Digest:
    """Close what is open for a member, unless it is quiet there or the day has had its mails: then a digest is asked
    for again when that is over, once. What was closed is an event, so that its mail may wait for hours on its own.

    What is in the groups is looked at now: whoever took a reaction back is in none, and where nothing is left, nothing
    is to be mailed.

    Args:
        connection: a transaction, with which the events are sent.
        delivery_id: that closes the groups.
    """
    where = {"workspace_id": str(event.workspace_id), "member_id": event.member_id}
    receiver = connection.execute(statement(_SQL, "receiver"), where).one_or_none()
    if receiver is None:
        return Digest()
    quiet = QuietHours(receiver.time_zone, receiver.quiet_from, receiver.quiet_until)
    today = quiet.day_of(now)
    sent = connection.execute(statement(_SQL, "digests_of_day"), where | {"day": today}).scalar_one()
    full = sent >= fitness_settings().digest_mails_per_day
    if until := quiet.next_day(now) if full else quiet.over_at(now):
        _ask_again(connection, event, until)
        return Digest(waits_until=until)
    found = connection.execute(statement(_SQL, "close_groups"), where | {"names": NAMES_TOLD}).all()
    groups = [_group(row) for row in found]
    if not groups:
        return Digest()
    connection.execute(statement(_SQL, "note_digest"), where | {"delivery_id": delivery_id, "day": today})
    told = DigestClosed(
        workspace_id=WorkspaceId.stored(event.workspace_id),
        member_id=event.member_id,
        groups=tuple(groups[:GROUPS_TOLD]),
        more=max(0, len(groups) - GROUPS_TOLD),
    )
    send(told, connection)
    return Digest(groups=len(groups))


def user_of(connection: Connection, workspace_id: WorkspaceId, member_id: str) -> UserId | None:
    """The user that a member is now; None where they are gone, or no user."""
    where = {"workspace_id": str(workspace_id), "member_id": member_id}
    user_id = connection.execute(statement(_SQL, "user_of"), where).scalar()
    return None if user_id is None else UserId.stored(user_id)


def _ask_again(connection: Connection, event: DigestWanted, until: datetime) -> None:
    again = DigestWanted(workspace_id=WorkspaceId.stored(event.workspace_id), member_id=event.member_id)
    # One event per member and moment, however many digests come to the same wait.
    send(again, connection, dedupe_id=f"digest:{event.member_id}:{until.isoformat()}", occurred_at=until)


def _group(row: Any) -> DigestGroup:
    names = [clean(each, LONGEST_NAME) for each in row.names]
    named = names if row.actors <= NAMES_TOLD else names[:1]
    return DigestGroup(
        verb=row.verb,
        names=tuple(named),
        others=row.actors - len(named),
        post=clean(row.post_text or "", LONGEST_EXCERPT),
    )
