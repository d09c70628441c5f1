"""Send the mails of a sequence to its contact, each once, and only as long as the contact may be written to."""

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.mail.addresses import mailbox
from groundwork.blocks.mail.headers import address_header
from groundwork.blocks.mailer import mailer
from groundwork.blocks.settings import settings
from groundwork.blocks.sql import statement
from groundwork.notifications.message import compose, message_id
from groundwork.tasks.nurture.agency import Agency, agency_of
from groundwork.tasks.nurture.contacts.end_of_mails import unsubscribe_url
from groundwork.tasks.nurture.sequences.due import due_at
from groundwork.tasks.nurture.sequences.footer import with_footer
from groundwork.tasks.nurture.sequences.record import Mail

_SQL = Path(__file__).with_suffix(".sql")


class DueMail(BaseModel):
    """A mail of a sequence, and when it is due."""

    model_config = ConfigDict(frozen=True)

    number: int
    due_at: datetime


class Sent(BaseModel):
    """What became of a mail.

    Attributes:
        message_id: of the mail, if it was sent, now or before.
        stopped: why it was not, and no further one is.
    """

    message_id: str | None = None
    stopped: str | None = None


def due_mails(connection: Connection, workspace_id: str, sequence_id: UUID) -> list[DueMail]:
    """The mails of a sequence in their order.

    Raises:
        NonRetriable: the workspace has no such sequence, or no agency.
    """
    address = {"workspace_id": workspace_id, "sequence_id": sequence_id}
    rows: Sequence[Any] = connection.execute(statement(_SQL, "mails"), address).all()
    if not rows:
        raise NonRetriable(f"Workspace {workspace_id} has no sequence {sequence_id}.")
    zone = agency_of(connection, workspace_id).time_zone
    return [DueMail(number=row.number, due_at=due_at(row.created_at, row.send_after_days, zone)) for row in rows]


def send_if_wanted(workspace_id: str, sequence_id: UUID, number: int) -> Sent:
    """Send a mail, unless it is sent already, or the contact may not be written to any more.

    It is sent first and then noted, with no transaction open meanwhile. A crash in between sends it once more, with the
    same Message-ID.

    Raises:
        RecipientRefused, MailRefused, MailSetupRefused, MailTemporarilyRefused: see :meth:`Mailer.send`.
    """
    address = {"workspace_id": workspace_id, "sequence_id": sequence_id, "number": number}
    with database().transaction() as connection:
        row = connection.execute(statement(_SQL, "mail_to_send"), address).mappings().first()
        if row is None:
            return Sent(stopped="there is no such mail any more")
        if row["message_id"]:
            return Sent(message_id=row["message_id"])
        if row["stopped"]:
            connection.execute(statement(_SQL, "stop"), address | {"reason": row["stopped"]})
            return Sent(stopped=row["stopped"])
        agency = agency_of(connection, workspace_id)
    mail = Mail(subject=row["subject"], body=row["body"], send_after_days=row["send_after_days"])
    message = sequence_message(mail, agency, row["contact_id"], row["email"], key=f"{sequence_id}:{number}")
    mailer().send(message)
    with database().transaction() as connection:
        connection.execute(statement(_SQL, "note_sent"), address | {"message_id": str(message["Message-ID"])})
    return Sent(message_id=str(message["Message-ID"]))


def sequence_message(mail: Mail, agency: Agency, contact_id: str, email: str, *, key: str) -> EmailMessage:
    """A mail as a message: from the agency by name, answers to the agency, one click to get no more.

    Args:
        key: tells mails apart; the same one gives the same Message-ID.
    """
    url = unsubscribe_url(agency.workspace_id, contact_id)
    message = compose(
        with_footer(mail, agency, url),
        recipient=email,
        name="",
        message_id=message_id(UUID(key.partition(":")[0]), f"sequence mail {key}", email),
        unsubscribe_url=url,
    )
    _, sender = mailbox(settings().mail_from)
    del message["From"]
    message["From"] = address_header("From", agency.name, sender)
    message["Reply-To"] = address_header("Reply-To", agency.name, agency.email)
    return message


def finish(connection: Connection, workspace_id: str, sequence_id: UUID) -> None:
    """Note that the last mail of a sequence was sent."""
    connection.execute(statement(_SQL, "finish"), {"workspace_id": workspace_id, "sequence_id": sequence_id})
