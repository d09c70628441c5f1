"""What models may cost: reserved before each call, settled after it, per workspace and day (UTC).

A reservation that is never settled, since its process died, counts as spent: the call may have been billed. The rows
are also what calls per minute are counted by, so that both limits hold over all processes.
"""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.sql import statement
from groundwork.blocks.uuid7 import uuid7
from groundwork.events.inbox import current_attempt
from groundwork.tasks.nurture.settings import nurture_settings

_SQL = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class Reservation:
    """What came of asking for a call.

    Attributes:
        id: of the row; None where the call may not be made.
        wait_seconds: until there is room for another call in this minute; 0 where the budget has none.
    """

    id: UUID | None
    wait_seconds: float = 0.0


def reserve(workspace_id: str, work: str, model: str, most_micros: int) -> Reservation:
    """Reserve what a call may cost at most.

    Args:
        work: what is written, for people.
        most_micros: millionths of a dollar.
    """
    settings = nurture_settings()
    values = {
        "id": uuid7(),
        "workspace_id": workspace_id,
        "work": work,
        "delivery_id": attempt.delivery_id if (attempt := current_attempt()) else None,
        "model": model,
        "most_micros": most_micros,
        "calls_per_minute": settings.writer_calls_per_minute,
        "workspace_calls_per_minute": settings.writer_workspace_calls_per_minute,
    }
    with database().transaction() as connection:
        # One after another: each has to see what those before it have reserved.
        connection.execute(statement(_SQL, "take_turns"))
        wait = connection.execute(statement(_SQL, "wait_for_room"), values).scalar_one()
        if wait > 0:
            return Reservation(None, float(wait))
        reserved = connection.execute(statement(_SQL, "reserve"), values).scalar()
        return Reservation(reserved)


def settle(reservation_id: UUID, spent_micros: int, tokens_in: int = 0, tokens_out: int = 0) -> None:
    """Put what a call did cost in the place of what was reserved for it."""
    with database().transaction() as connection:
        connection.execute(
            statement(_SQL, "settle"),
            {"id": reservation_id, "spent": spent_micros, "tokens_in": tokens_in, "tokens_out": tokens_out},
        )


def spent_today(connection: Connection, workspace_id: str) -> int:
    """What counts against a workspace's budget of today, in millionths of a dollar."""
    return int(connection.execute(statement(_SQL, "spent_today"), {"workspace_id": workspace_id}).scalar_one())
