"""What a route handler calls when a member logs, corrects or deletes something: the row, and the event for its scores,
in the handler's transaction."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.sql import statement
from groundwork.events.base import WIRE
from groundwork.events.fitness.scoring import ScoreWanted
from groundwork.events.identifiers import RecordId, WorkspaceId
from groundwork.events.inbox import send
from groundwork.tasks.fitness.members.local_days import local_time, member_zone

_SQL = Path(__file__).with_suffix(".sql")

LONGEST_AGO = timedelta(days=5 * 366)
"""How far back something may be logged. A score is made for each day since, so that more would let a sender make
millions of them."""
CLOCK_AHEAD = timedelta(minutes=10)
"""How far a member's clock may be ahead of ours."""

Because = Literal["workout", "benchmark", "deleted"]


class Logged(BaseModel):
    """What every record says.

    Attributes:
        id: the application's, unique in the workspace. Logged again, it is a correction.
        at: when it was. The day that it counts for is that of the member's zone at the time of logging, and stays.
    """

    model_config = WIRE

    id: RecordId
    member_id: RecordId
    at: AwareDatetime


class Workout(Logged):
    """A session of training.

    Attributes:
        minutes: its length.
        rpe: rating of perceived exertion by the CR10 scale: 0 rest, 10 maximal. It is stable from 1 minute to 14 days
            after (Foster 2021, Int J Sports Physiol Perform).
    """

    minutes: float = Field(gt=0, le=1440)
    rpe: float = Field(ge=0, le=10)


class Benchmark(Logged):
    """A set to failure, or near it.

    Attributes:
        weight_kg: kilograms, with the body's weight where that is lifted.
        repetitions: beyond 12 it is kept and flagged, and counts for nothing.
    """

    exercise: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    weight_kg: float = Field(gt=0, le=1000)
    repetitions: int = Field(ge=1, le=100)


def log_workout(session: Session | Connection, workspace_id: WorkspaceId, workout: Workout) -> None:
    """Log a workout, or correct the one that is there.

    Args:
        session: the caller's transaction: workout and event exist if and only if it commits.

    Raises:
        NonRetriable: there is no such member, the id is another member's, or the time is in the future or more than
            five years ago.
    """
    _log(session, workspace_id, workout, "workout")


def log_benchmark(session: Session | Connection, workspace_id: WorkspaceId, benchmark: Benchmark) -> None:
    """Log a benchmark, or correct the one that is there.

    Args:
        session: as of :func:`log_workout`.

    Raises:
        NonRetriable: as of :func:`log_workout`.
    """
    _log(session, workspace_id, benchmark, "benchmark")


def delete_workout(session: Session | Connection, workspace_id: WorkspaceId, workout_id: str) -> bool:
    """Delete a workout; the scores from its day on are made anew.

    Returns:
        Whether there was one.
    """
    return _delete(session, workspace_id, workout_id, "workout")


def delete_benchmark(session: Session | Connection, workspace_id: WorkspaceId, benchmark_id: str) -> bool:
    """Delete a benchmark; progress from its day on is reckoned anew.

    Returns:
        Whether there was one.
    """
    return _delete(session, workspace_id, benchmark_id, "benchmark")


def _log(
    session: Session | Connection, workspace_id: WorkspaceId, record: Logged, kind: Literal["workout", "benchmark"]
) -> None:
    connection = connection_of(session)
    day = day_of(record, member_zone(connection, workspace_id, record.member_id), datetime.now(UTC))
    row = record.model_dump(exclude={"at"}) | {"workspace_id": str(workspace_id), "day": day}
    before = connection.execute(statement(_SQL, f"lock_{kind}"), row).one_or_none()
    if before is not None and before.member_id != record.member_id:
        raise NonRetriable(f"id: {kind} {record.id} is another member's; choose another id")
    if not connection.execute(statement(_SQL, f"log_{kind}"), row).rowcount:
        return
    from_day = day if before is None or before.deleted else min(day, before.day)
    _want_scores(connection, workspace_id, member_id=record.member_id, from_day=from_day, because=kind)


def _delete(
    session: Session | Connection, workspace_id: WorkspaceId, record_id: str, kind: Literal["workout", "benchmark"]
) -> bool:
    connection = connection_of(session)
    row = {"workspace_id": str(workspace_id), "id": record_id}
    deleted = connection.execute(statement(_SQL, f"delete_{kind}"), row).one_or_none()
    if deleted is None:
        return False
    _want_scores(connection, workspace_id, member_id=deleted.member_id, from_day=deleted.day, because="deleted")
    return True


def _want_scores(connection: Connection, workspace_id: WorkspaceId, **fields: Any) -> None:
    send(ScoreWanted(workspace_id=workspace_id, **fields), connection)


def day_of(record: Logged, zone: str | None, now: datetime) -> date:
    """The day that a record counts for.

    Args:
        zone: the member's; None where there is no such member.

    Raises:
        NonRetriable: there is none, or the time is in the future or more than five years ago.
    """
    if zone is None:
        raise NonRetriable(f"memberId: there is no member {record.member_id} in the workspace; store the member first")
    if record.at > now + CLOCK_AHEAD:
        raise NonRetriable(f"at: {record.at.isoformat()} is in the future; log it when it has been")
    if record.at < now - LONGEST_AGO:
        raise NonRetriable(f"at: {record.at.isoformat()} is more than five years ago, too long for scores")
    return local_time(zone, record.at).date()


def connection_of(session: Session | Connection) -> Connection:
    """The connection of a session, or the connection itself."""
    return session.connection() if isinstance(session, Session) else session
