"""What happened in workspaces, as small tables: PostgreSQL counts, and few rows come out."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from pydantic import BaseModel
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.contacts.digests.week import Week

_SQL = Path(__file__).with_suffix(".sql")

MOST_TAGS = 1_000
"""Tags that come out, the most active first. All of them are kept for the next digest."""


class RememberedFigures(BaseModel):
    """What a digest told of one week, for the next one to compare with: contacts that changed since then carry the date
    of their last change only, so the rows no longer know.

    Attributes:
        counts: by measure.
        tags: contacts made or changed, by tag.
    """

    counts: dict[str, int]
    tags: dict[str, int]


def active_workspaces(connection: Connection, week: Week) -> dict[WorkspaceId, bool]:
    """The workspaces that have something to tell of a week, and whether a digest has told of it before."""
    span = {"begins_at": week.begins_at, "ends_at": week.ends_at, "week": week.name}
    rows = connection.execute(statement(_SQL, "active_workspaces"), span)
    return {WorkspaceId.stored(row.workspace_id): row.is_told for row in rows}


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


def tags_told(connection: Connection, workspace_id: WorkspaceId, week: Week, counts: Mapping[str, int]) -> pd.DataFrame:
    """The tags of the contacts that were made or changed. What the digest of the week tells is kept.

    Args:
        counts: what it tells besides, by measure.

    Returns:
        Columns ``tag``, ``number`` (contacts in the week) and ``before`` (in the week before).
    """
    rows = connection.execute(
        statement(_SQL, "tags_told"),
        {
            "workspace_id": str(workspace_id),
            "week": week.name,
            "counts": json.dumps(counts),
            "before": week.before.begins_at,
            "begins_at": week.begins_at,
            "ends_at": week.ends_at,
            "most": MOST_TAGS,
        },
    )
    return pd.DataFrame(rows.all(), columns=["tag", "number", "before"])


def remembered(
    connection: Connection, workspace_id: WorkspaceId, week: Week, tags: Sequence[str]
) -> RememberedFigures | None:
    """What the digest of a week told, of some tags; None where there was none."""
    wanted = {"workspace_id": str(workspace_id), "week": week.name, "tags": list(tags)}
    row = connection.execute(statement(_SQL, "remembered"), wanted).one_or_none()
    return None if row is None else RememberedFigures(counts=row.counts, tags=row.tags)
