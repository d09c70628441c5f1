"""The steps that send a sequence."""

from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.mail_patience import MAIL_PATIENCE
from groundwork.tasks.nurture.sequences.mailing import DueMail, Sent, due_mails, finish, send_if_wanted
from groundwork.tasks.step import step


@step
def plan_mails(workspace_id: WorkspaceId, sequence_id: UUID) -> list[DueMail]:
    """When each mail is due. Remembered: all runs of a delivery wait for the same moments."""
    with database().transaction() as connection:
        return due_mails(connection, workspace_id, sequence_id)


@step(**MAIL_PATIENCE, key=("sequence_id", "number"), provider=True)
def send_mail(workspace_id: WorkspaceId, sequence_id: UUID, number: int) -> Sent:
    """Send one mail, unless the contact has unsubscribed, replied, or been given another category."""
    return send_if_wanted(workspace_id, sequence_id, number)


@step(ledger=True)
def finish_sequence(connection: Connection, workspace_id: WorkspaceId, sequence_id: UUID) -> None:
    """Note that the last mail was sent."""
    finish(connection, workspace_id, sequence_id)
