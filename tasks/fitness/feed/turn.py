"""Who may write to the feeds of a workspace: any number of those who add, or one who tidies.

What is not shown any more may be shown again, when it is done again. Whoever adds it then leaves a row alone that is
there. If somebody removed that row at the same moment, it would be lost.
"""

from pathlib import Path

from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId

_SQL = Path(__file__).with_suffix(".sql")


def write_in_feeds(connection: Connection, workspace_id: WorkspaceId) -> None:
    """Wait until nobody tidies, and let nobody begin to before the transaction ends."""
    connection.execute(statement(_SQL, "write_in_feeds"), {"workspace_id": str(workspace_id)})


def tidy_feeds(connection: Connection, workspace_id: WorkspaceId) -> None:
    """Wait until nobody adds, and let nobody begin to before the transaction ends."""
    connection.execute(statement(_SQL, "tidy_feeds"), {"workspace_id": str(workspace_id)})
