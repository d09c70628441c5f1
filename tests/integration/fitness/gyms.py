"""Gyms and members for tests, and what they log."""

from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import insert, select, text

from groundwork.blocks.database import Database
from groundwork.blocks.schema.fitness.gym import gym, member
from groundwork.blocks.schema.fitness.score import score
from groundwork.blocks.schema.fitness.workout import workout
from groundwork.events.identifiers import WorkspaceId

ACME = WorkspaceId("acme")


def open_gym(db: Database, *members: str, workspace: str = "acme", **columns: Any) -> None:
    """Store a gym and its members."""
    row = {"workspace_id": workspace, "name": "Acme", "owner_id": "olga", "time_zone": "UTC"}
    with db.transaction() as connection:
        connection.execute(insert(gym).values(**row | columns))
    for each in members:
        join(db, each, workspace=workspace)


def join(db: Database, member_id: str, *, workspace: str = "acme", **columns: Any) -> None:
    row = {"workspace_id": workspace, "id": member_id, "name": member_id.title(), "joined_on": date(2026, 1, 1)}
    with db.transaction() as connection:
        connection.execute(insert(member).values(**row | columns))


def trained(db: Database, member_id: str, loads: dict[date, float], *, workspace: str = "acme") -> None:
    """Store a workout for each day, of ten minutes."""
    rows = [
        {
            "workspace_id": workspace,
            "id": f"{member_id}-{day}",
            "member_id": member_id,
            "day": day,
            "minutes": load / 5,
            "rpe": 5.0,
        }
        for day, load in loads.items()
    ]
    with db.transaction() as connection:
        connection.execute(insert(workout), rows)


def scores_in(db: Database, *members: str, workspace: str = "acme") -> dict[tuple[str, date], dict[str, Any]]:
    """All scores of a workspace, or of some members, by member and day."""
    query = select(score).where(score.c.workspace_id == workspace).order_by(score.c.member_id, score.c.day)
    with db.transaction() as connection:
        rows = [dict(row._mapping) for row in connection.execute(query)]
    return {(row["member_id"], row["day"]): row for row in rows if not members or row["member_id"] in members}


def at_noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def forget_scores(db: Database) -> None:
    with db.transaction() as connection:
        connection.execute(text("DELETE FROM fitness.score"))
