"""What contacts do: recorded by a route handler, stored by a job."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from groundwork.blocks.errors import NonRetriable
from groundwork.events.inbox import send
from groundwork.events.nurture.leads import EngagementRecorded
from groundwork.tasks.nurture.leads.totals import known_contacts, store, take_turn

FAST_CLOCK = timedelta(minutes=5)
"""By how much a sender's clock may be ahead of ours. What it says to have been within that counts as of now; more is a
mistake, which would outweigh all else until that day."""


class EngagementBatch(BaseModel):
    """What contacts of one agency did, in order of acceptance."""

    model_config = ConfigDict(frozen=True)

    events: tuple[EngagementRecorded, ...]

    @classmethod
    def of(cls, events: Sequence[EngagementRecorded]) -> Self:
        """The batch of a run."""
        return cls(events=tuple(events))


class StoredEngagements(BaseModel):
    """What became of a batch.

    Attributes:
        outcomes: one per event: ``recorded``, ``repeated``, or why it is refused.
        refused: places of those that are.
        contact_ids: contacts whose score may have changed.
    """

    outcomes: list[str]
    refused: list[int]
    contact_ids: list[str]

    def of_each_event(self) -> list[str | NonRetriable]:
        """The outcomes for the inbox; a refusal fails its event alone."""
        refused = set(self.refused)
        return [NonRetriable(each) if place in refused else each for place, each in enumerate(self.outcomes)]


def record_engagement(session: Session | Connection, engagement: EngagementRecorded) -> UUID:
    """Record that a contact did something, in the caller's transaction. For route handlers: it returns at once.

    Args:
        session: what is recorded is so if and only if it commits.
        engagement: what happened. The same ``engagement_id`` of a workspace counts once, however often it is recorded.

    Returns:
        The id of the event; of the first, where this one is a repeat.

    Raises:
        NonRetriable: it has not happened yet by our clock, beyond :data:`FAST_CLOCK`.
    """
    if fault := _fault_of_time(engagement, datetime.now(UTC)):
        raise NonRetriable(fault)
    return send(engagement, session, dedupe_id=f"engagement:{engagement.engagement_id}")


def store_batch(connection: Connection, batch: EngagementBatch) -> StoredEngagements:
    """Store a batch, and add it to the totals of its contacts.

    Raises:
        NonRetriable: the workspace has no agency.
    """
    workspace_id = batch.events[0].workspace_id
    scoring = take_turn(connection, workspace_id)
    # The database's clock: workers have several, and scores are of its time.
    now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    faults = {place: fault for place, each in enumerate(batch.events) if (fault := _fault_of_time(each, now))}
    timely = [_by(each, now) for place, each in enumerate(batch.events) if place not in faults]
    # Asked before: of a contact that comes in between, nothing would be stored, and nobody be told.
    known = known_contacts(connection, workspace_id, [each.contact_id for each in timely])
    of_known = [each for each in timely if each.contact_id in known]
    new = store(connection, workspace_id, of_known, scoring.half_life_days)
    outcomes = []
    told: set[str] = set()
    for place, each in enumerate(batch.events):
        if place not in faults and each.contact_id not in known:
            faults[place] = (
                f"contactId: the workspace {workspace_id} has no contact {each.contact_id}. Store it, then replay."
            )
        first = each.engagement_id in new and each.engagement_id not in told
        told.add(each.engagement_id)
        outcomes.append(faults.get(place) or ("recorded" if first else "repeated"))
    return StoredEngagements(outcomes=outcomes, refused=sorted(faults), contact_ids=sorted(set(new.values())))


def _fault_of_time(engagement: EngagementRecorded, now: datetime) -> str | None:
    """What is wrong with a time, in words."""
    if engagement.occurred_at <= now + FAST_CLOCK:
        return None
    return (
        f"occurredAt: {engagement.occurred_at.isoformat()} is in the future; it is {now.astimezone(UTC).isoformat()}. "
        "Set the sender's clock, then send it again when it has happened."
    )


def _by(engagement: EngagementRecorded, now: datetime) -> EngagementRecorded:
    """The engagement, no later than now."""
    if engagement.occurred_at <= now:
        return engagement
    return engagement.model_copy(update={"occurred_at": now})
