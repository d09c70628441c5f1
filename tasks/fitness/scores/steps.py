"""The steps of the jobs that make scores."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from pydantic import BaseModel
from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.events.fitness.scoring import RiskCheckWanted, ScoreWanted
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.tasks.fitness.members.key_range import KeyRange, key_ranges
from groundwork.tasks.fitness.pushes.wanted import want_score_pushes
from groundwork.tasks.fitness.scores.nights import announce_nights
from groundwork.tasks.fitness.scores.recompute import recompute, recompute_range
from groundwork.tasks.fitness.settings import fitness_settings
from groundwork.tasks.step import step


class ScoresMade(BaseModel):
    """What was made.

    Attributes:
        members: whose scores were looked at.
        scores: new or changed ones.
        dropped: those of days that have none any more.
    """

    members: int = 0
    scores: int = 0
    dropped: int = 0

    def __add__(self, other: "ScoresMade") -> "ScoresMade":
        return ScoresMade(
            members=self.members + other.members,
            scores=self.scores + other.scores,
            dropped=self.dropped + other.dropped,
        )


@step(ledger=True)
def score_members(connection: Connection, events: Sequence[ScoreWanted]) -> ScoresMade:
    """Make the scores of one workspace's members anew, each from the earliest day that an event names. The check of
    their risks, and pushes to the workspace's endpoint, are wanted in the same transaction."""
    workspace_id = events[0].workspace_id
    from_days: dict[str, date] = {}
    for event in events:
        from_days[event.member_id] = min(event.from_day, from_days.get(event.member_id, event.from_day))
    made = recompute(connection, workspace_id, from_days, datetime.now(UTC))
    send(RiskCheckWanted(workspace_id=workspace_id, member_ids=tuple(sorted(from_days))), connection)
    want_score_pushes(connection, workspace_id, list(from_days))
    return ScoresMade(members=made.members, scores=made.scores, dropped=made.dropped)


@step
def find_ranges(workspace_id: WorkspaceId) -> list[KeyRange]:
    """The ranges of members that make up a workspace. Remembered: a later attempt goes on with the same ones."""
    with database().transaction() as connection:
        return key_ranges(connection, workspace_id, fitness_settings().score_chunk_members)


@step(ledger=True)
def rescore_range(connection: Connection, workspace_id: WorkspaceId, members: KeyRange) -> ScoresMade:
    """Make the scores of a range of members anew, as far back as the settings say."""
    days = fitness_settings().score_recompute_days
    made = recompute_range(connection, workspace_id, members, days=days, now=datetime.now(UTC))
    return ScoresMade(members=made.members, scores=made.scores, dropped=made.dropped)


@step(ledger=True)
def announce_due_nights(connection: Connection) -> int:
    """Send a night to each workspace whose night hour has come. Returns how many had not been told of theirs."""
    return announce_nights(connection, datetime.now(UTC), fitness_settings().score_night_hour)
