"""Many workouts at once, as a gym brings its history: one statement, and one event for each member."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.sql import statement
from groundwork.events.fitness.scoring import ScoreWanted
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send_many
from groundwork.tasks.fitness.workouts.log import Workout, connection_of, day_of

_SQL = Path(__file__).with_suffix(".sql")

MOST_WORKOUTS = 100_000
"""Workouts of one call: a statement that takes seconds. More are several calls."""


def log_workouts(session: Session | Connection, workspace_id: WorkspaceId, workouts: Sequence[Workout]) -> int:
    """Log workouts, or correct those that are there. What is stored is what ``log_workout`` stores of each; a member
    whose scores change gets one event in place of many, from the earliest changed day on.

    Args:
        session: the caller's transaction: workouts and events exist if and only if it commits.

    Returns:
        How many were new or changed.

    Raises:
        NonRetriable: one of them cannot be logged, as of ``log_workout``; two have one id; or there are too many.
            Nothing is written then.
    """
    if len(workouts) > MOST_WORKOUTS:
        raise NonRetriable(f"{len(workouts):,} workouts; log {MOST_WORKOUTS:,} in one call at most")
    by_id = {each.id: each for each in workouts}
    if len(by_id) < len(workouts):
        raise NonRetriable("id: two of the workouts have one id; give each its own")
    connection = connection_of(session)
    rows = _rows(connection, workspace_id, by_id)
    before = _before(connection, workspace_id, by_id)
    columns = {name: [row[name] for row in rows] for name in ("id", "member_id", "day", "minutes", "rpe")}
    changed = connection.execute(statement(_SQL, "log"), {"workspace_id": str(workspace_id)} | columns).scalars().all()
    days = {row["id"]: row["day"] for row in rows}
    from_days: dict[str, date] = {}
    for each in changed:
        member_id, day = by_id[each].member_id, min(days[each], before.get(each, days[each]))
        from_days[member_id] = min(day, from_days.get(member_id, day))
    wanted = [
        ScoreWanted(workspace_id=workspace_id, member_id=member_id, from_day=day)
        for member_id, day in sorted(from_days.items())
    ]
    send_many(wanted, connection)
    return len(changed)


def _rows(connection: Connection, workspace_id: WorkspaceId, by_id: dict[str, Workout]) -> list[dict[str, Any]]:
    members = sorted({each.member_id for each in by_id.values()})
    found = connection.execute(statement(_SQL, "zones"), {"workspace_id": str(workspace_id), "members": members})
    zones: dict[str, str] = {row.id: row.zone for row in found}
    now = datetime.now(UTC)
    return [
        each.model_dump(exclude={"at"}) | {"day": day_of(each, zones.get(each.member_id), now)}
        for each in by_id.values()
    ]


def _before(connection: Connection, workspace_id: WorkspaceId, by_id: dict[str, Workout]) -> dict[str, date]:
    """The days of those that are there and count, by id.

    Raises:
        NonRetriable: one is another member's.
    """
    found = connection.execute(statement(_SQL, "lock"), {"workspace_id": str(workspace_id), "ids": list(by_id)}).all()
    for row in found:
        if row.member_id != by_id[row.id].member_id:
            raise NonRetriable(f"id: workout {row.id} is another member's; choose another id")
    return {row.id: row.day for row in found if not row.deleted}
