"""The steps of the job that looks for risks."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import BaseModel
from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.events.fitness.scoring import RiskCheckWanted
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.members.key_range import KeyRange, key_ranges
from groundwork.tasks.fitness.risks.detect import detect
from groundwork.tasks.fitness.settings import fitness_settings
from groundwork.tasks.step import step


class RisksFound(BaseModel):
    """What a check came to.

    Attributes:
        members: whose figures were looked at.
        over: how many of their figures are over a threshold.
        alerts: how many alerts were sent.
    """

    members: int
    over: int
    alerts: int


class Group(BaseModel):
    """Members that are looked at in one transaction: by their ids, or a range of them."""

    members: KeyRange | list[str]


@step
def find_groups(events: Sequence[RiskCheckWanted]) -> list[Group]:
    """Whose figures are to be looked at, in groups. Remembered: a later attempt goes on with the same ones."""
    size = fitness_settings().score_chunk_members
    if any(event.member_ids is None for event in events):
        with database().transaction() as connection:
            return [Group(members=each) for each in key_ranges(connection, events[0].workspace_id, size)]
    wanted = sorted({member for event in events for member in event.member_ids or ()})
    return [Group(members=wanted[begin : begin + size]) for begin in range(0, len(wanted), size)]


@step(ledger=True)
def look_for_risks(connection: Connection, workspace_id: WorkspaceId, group: Group) -> RisksFound:
    """Hold the figures of a group against the thresholds. What has crossed is stored and told of in one transaction."""
    found = detect(connection, workspace_id, group.members, datetime.now(UTC))
    return RisksFound(members=found.members, over=found.over, alerts=found.alerts)
