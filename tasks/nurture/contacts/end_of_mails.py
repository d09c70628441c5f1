"""What ends the mails to a contact: it wants none any more, or it has answered."""

import json
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from groundwork.blocks.signed_link import signed_payload, signed_url
from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.nurture.contacts import ContactReplied, ContactUnsubscribed

_SQL = Path(__file__).with_suffix(".sql")

PURPOSE = "nurture/unsubscribe"
"""Of the link, and its path at the gateway."""


def unsubscribe_url(workspace_id: str, contact_id: str) -> str:
    """The link by which a contact ends the mails to it, without signing in. It does not expire.

    Raises:
        ConfigurationError: no secret to sign with.
    """
    return signed_url(PURPOSE, json.dumps([str(workspace_id), contact_id], ensure_ascii=False))


def read_unsubscribe_token(token: str) -> tuple[WorkspaceId, str] | None:
    """Workspace and contact of a link's token; None for one that was not signed here."""
    payload = signed_payload(PURPOSE, token)
    match json.loads(payload) if payload else None:
        case [str(workspace_id), str(contact_id)]:
            return WorkspaceId.stored(workspace_id), contact_id
    return None


def unsubscribe(connection: Connection, workspace_id: WorkspaceId, contact_id: str) -> bool:
    """Write to a contact no more, and tell so by ``nurture/contact.unsubscribed``, once.

    Returns:
        Whether it was written to until now. A repeat, or a contact who is gone, changes nothing.
    """
    if not note_unsubscribed(connection, workspace_id, [contact_id]):
        return False
    send(ContactUnsubscribed(workspace_id=workspace_id, contact_id=contact_id), connection, source="unsubscribe link")
    return True


def note_unsubscribed(connection: Connection, workspace_id: str, contact_ids: Sequence[str]) -> int:
    """Note that contacts want no more mails.

    Returns:
        How many of them did until now.
    """
    values = {"workspace_id": str(workspace_id), "contact_ids": list(contact_ids)}
    return len(connection.execute(statement(_SQL, "unsubscribe"), values).all())


def note_replies(connection: Connection, replies: Sequence[ContactReplied]) -> int:
    """Note when contacts answered; of several times the last one stays.

    Returns:
        How many contacts there are of these.
    """
    rows = [
        {"workspace_id": each.workspace_id, "contact_id": each.contact_id, "replied_at": each.replied_at.isoformat()}
        for each in replies
    ]
    return connection.execute(statement(_SQL, "note_replies"), {"replies": json.dumps(rows)}).rowcount
