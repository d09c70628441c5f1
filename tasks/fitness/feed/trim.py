"""Feeds are cut to their length, and rid of what is not shown any more."""

from pathlib import Path

from pydantic import BaseModel
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.feed.turn import tidy_feeds
from groundwork.tasks.fitness.settings import fitness_settings

_SQL = Path(__file__).with_suffix(".sql")

MEMBERS_AT_ONCE = 100
"""Of one step. Their feeds are read in full, and nobody of the workspace gets a new row meanwhile."""


class Trimmed(BaseModel):
    """A range of members whose feeds are tidy.

    Attributes:
        workspace_id: theirs.
        member_id: the last of them; None where there were none left.
        rows: that are gone.
    """

    workspace_id: str = ""
    member_id: str | None = None
    rows: int = 0


def trim_range(connection: Connection, workspace_id: str, member_id: str) -> Trimmed:
    """Tidy the feeds of the next members of a workspace, or of the workspace behind it.

    Args:
        workspace_id, member_id: the member behind whom the range begins, in order of workspaces and members.
    """
    place = {"workspace_id": workspace_id, "member_id": member_id, "members": MEMBERS_AT_ONCE}
    found = connection.execute(statement(_SQL, "next_members"), place).all()
    if not found:
        return Trimmed()
    workspace = found[0].workspace_id
    members = [each.id for each in found if each.workspace_id == workspace]
    tidy_feeds(connection, WorkspaceId.stored(workspace))
    values = {"workspace_id": workspace, "members": members, "length": fitness_settings().feed_length}
    rows = connection.execute(statement(_SQL, "trim"), values).rowcount
    return Trimmed(workspace_id=workspace, member_id=members[-1], rows=rows)
