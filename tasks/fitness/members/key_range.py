"""Members by ranges of their ids: what one transaction works on, however many a workspace has."""

from pathlib import Path

from pydantic import BaseModel
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId

_SQL = Path(__file__).with_suffix(".sql")


class KeyRange(BaseModel):
    """Members whose ids lie in a range, by the order of the database.

    Attributes:
        after: id before the first one; empty for the first range.
        until: id of the last one; None for the last range, so that who joins meanwhile is in it.
    """

    after: str = ""
    until: str | None = None

    @property
    def parameters(self) -> dict[str, object]:
        """What a statement calls ``:after`` and ``:until``."""
        return self.model_dump()


def key_ranges(connection: Connection, workspace_id: WorkspaceId, members: int) -> list[KeyRange]:
    """The ranges that make up a workspace; none where it has no members.

    Args:
        members: of one range.
    """
    parameters = {"workspace_id": str(workspace_id), "members": members}
    ends = list(connection.execute(statement(_SQL, "ends"), parameters).scalars())
    return [
        KeyRange(after=ends[place - 1] if place else "", until=None if end == ends[-1] else end)
        for place, end in enumerate(ends)
    ]
