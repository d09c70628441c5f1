"""What happened in workspaces, as small tables: PostgreSQL counts, and few rows come out."""

import json
from pathlib import Path

import pandas as pd
from pydantic import BaseModel
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.contacts.digests.week import Week

_SQL = Path(__file__).with_suffix(".sql")

MOST_TAGS = 1_000
"""Tags that are counted, the most active first."""


class RememberedFigures(BaseModel):
    """What a digest told of one week, for the next one to compare with: contacts that changed since then carry the date
    of their last change only, so the rows no longer know.

    Attributes:
        counts: by measure.
        tags: contacts made or changed, by tag.
    """

    counts: dict[str, int]
    tags: dict[str, int]


def active_workspaces(connection: Connection, week: Week) -> list[WorkspaceId]:
    """The workspaces that have something to tell of a week."""
    span = {"begins_at": week.begins_at, "ends_at": week.ends_at}
    return [
        WorkspaceId.stored(each) for each in connection.execute(statement(_SQL, "active_workspaces"), span).scalars()
    ]


def daily(connection: Connection, workspace_id: WorkspaceId, week: Week) -> pd.DataFrame:
    """What happened on each day of a week and of the week before.

    Returns:
        Columns ``day`` (date), ``measure`` (new, updated, imported, rejected) and ``number``, without zeros.
    """
    rows = connection.execute(
        statement(_SQL, "daily"),
        {"workspace_id": str(workspace_id), "begins_at": week.before.begins_at, "ends_at": week.ends_at},
    )
    return pd.DataFrame(rows.all(), columns=["day", "measure", "number"])


def tags(connection: Connection, workspace_id: WorkspaceId, week: Week) -> pd.DataFrame:
    """The tags of the contacts that were made or changed.

    Returns:
        Columns ``tag``, ``number`` (contacts in the week) and ``before`` (in the week before).
    """
    rows = connection.execute(
        statement(_SQL, "tags"),
        {
            "workspace_id": str(workspace_id),
            "before": week.before.begins_at,
            "begins_at": week.begins_at,
            "ends_at": week.ends_at,
            "most": MOST_TAGS,
        },
    )
    return pd.DataFrame(rows.all(), columns=["tag", "number", "before"])


def remember(connection: Connection, workspace_id: WorkspaceId, week: Week, told: RememberedFigures) -> None:
    """Keep what the digest of a week tells."""
    row = {"workspace_id": str(workspace_id), "week": week.name, "figures": json.dumps(told.model_dump())}
    connection.execute(statement(_SQL, "remember"), row)


def remembered(connection: Connection, workspace_id: WorkspaceId, week: Week) -> RememberedFigures | None:
    """What the digest of a week told; None where there was none."""
    address = {"workspace_id": str(workspace_id), "week": week.name}
    figures = connection.execute(statement(_SQL, "remembered"), address).scalar()
    return None if figures is None else RememberedFigures.model_validate(figures)
