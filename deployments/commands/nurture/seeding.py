"""What ``groundwork seed nurture`` stores."""

from sqlalchemy import Connection

from groundwork.deployments.commands.nurture.demonstration.invented import contacts_of, store_agency
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.nurture.contacts.categorise import categorise_many

CONTACTS = 40


def sow(connection: Connection, workspace_id: WorkspaceId) -> dict[str, int]:
    """An agency with an agent, and contacts in every category, which have sequences written for them."""
    agent = store_agency(connection, workspace_id)
    changed = [
        id
        for category, contacts in contacts_of(workspace_id, CONTACTS, agent).items()
        for id in categorise_many(connection, contacts, category, user_id=agent)
    ]
    return {"categorised contacts": len(changed)}
