"""What keeps everybody's deliveries waiting until an operator acts: noted as it begins and as it ends, once each."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


@dataclass(frozen=True, slots=True)
class Begun:
    """A blockage that has begun.

    Attributes:
        deliveries: how many wait for its end.
        event_id: of one of them, whose status says what the step was told.
    """

    deliveries: int
    event_id: UUID


@dataclass(frozen=True, slots=True)
class Over:
    """A blockage that is over: no delivery waits for its end any more.

    Attributes:
        seconds: how long it lasted.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Blockage:
    """A blockage that Prefect has no event of.

    Attributes:
        id: of the event.
        deliveries: how many wait for its end now.
        delivery_id, event_id: of one of them; None where none does by now.
    """

    id: UUID
    began_at: datetime
    deliveries: int
    delivery_id: UUID | None
    event_id: UUID | None


def look_for_blockage(subject: str) -> Begun | Over | None:
    """Look whether deliveries wait for an operator to act.

    Args:
        subject: what is blocked, as errors name it (:attr:`~groundwork.blocks.errors.GroundworkError.blockage`).

    Returns:
        What has changed since the last look, of whichever process: each change is given to one of them.
    """
    named = {"subject": subject}
    with database().transaction() as connection:
        blocked = connection.execute(_statement("blocked"), named).one_or_none()
        if blocked is None:
            seconds = connection.execute(_statement("end"), named).scalar()
            return None if seconds is None else Over(seconds)
        if connection.execute(_statement("begin"), named).scalar() is None:
            return None
        return Begun(_number_blocked(connection, subject), blocked.event_id)


def blockage_to_post(subject: str) -> Blockage | None:
    """The blockage that Prefect has no event of yet; None where there is none."""
    named = {"subject": subject}
    with database().transaction() as connection:
        found = connection.execute(_statement("to_post"), named).one_or_none()
        if found is None:
            return None
        blocked = connection.execute(_statement("blocked"), named).one_or_none()
        return Blockage(
            id=found.id,
            began_at=found.began_at,
            deliveries=_number_blocked(connection, subject),
            delivery_id=blocked.delivery_id if blocked else None,
            event_id=blocked.event_id if blocked else None,
        )


def note_blockage_posted(blockage: Blockage) -> None:
    """Note that Prefect has the event of a blockage."""
    with database().transaction() as connection:
        connection.execute(_statement("posted"), {"id": blockage.id})


def _number_blocked(connection: Connection, subject: str) -> int:
    number: int = connection.execute(_statement("number_blocked"), {"subject": subject}).scalar_one()
    return number
