"""The welcome mail, which a user gets at most once for ever."""

from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.schema.contacts import welcome_mail
from groundwork.events.identifiers import UserId
from groundwork.notifications.recipient import recipient


class WelcomeClaim(BaseModel):
    """Which delivery may send a user's welcome mail.

    Attributes:
        ours: whether it is the delivery that asked.
        delivery_id: the one that may.
    """

    ours: bool
    delivery_id: UUID


def claim_for(connection: Connection, user_id: UserId, delivery_id: UUID) -> WelcomeClaim:
    """Give the user's welcome mail to a delivery, if no other has it; of two at once one waits for the other.

    The claim is never given back: after a failure the same delivery is replayed, and another one can never send a
    second mail.

    Raises:
        NonRetriable: there is no such user.
        TypeError: ``user_id`` is not a UserId.
    """
    if recipient(connection, user_id, "welcome") is None:
        raise NonRetriable(f"There is no user {user_id}. Store the user before sending user/signed.up, then replay.")
    connection.execute(
        insert(welcome_mail).values(user_id=str(user_id), delivery_id=delivery_id).on_conflict_do_nothing()
    )
    holder = connection.execute(
        select(welcome_mail.c.delivery_id).where(welcome_mail.c.user_id == str(user_id))
    ).scalar_one()
    return WelcomeClaim(ours=holder == delivery_id, delivery_id=holder)
