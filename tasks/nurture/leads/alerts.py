"""Alerts of hot leads: who is told, when, and what."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Connection, func, select, update

from groundwork.blocks.database import database
from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.mail.headers import LONGEST_NAME, clean
from groundwork.blocks.schema.nurture.contact import contact
from groundwork.blocks.schema.nurture.lead import hot_lead
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import running_attempt
from groundwork.events.nurture.leads import HotLeadDetected
from groundwork.tasks.nurture.agency import agency_of
from groundwork.tasks.nurture.leads.quiet_hours import end_of_quiet
from groundwork.tasks.nurture.notify import Mailed
from groundwork.tasks.nurture.people import people_of, person_of
from groundwork.tasks.nurture.settings import nurture_settings
from groundwork.tasks.step import step

TEMPLATE = "hot_lead"

_IN_WORDS = {
    "open": "opened a mail",
    "click": "followed a link",
    "reply": "replied",
    "site-visit": "visited the site",
    "valuation-request": "asked for a valuation",
}


class Alert(BaseModel):
    """What is told of a hot lead, and to whom.

    Attributes:
        user_ids: the contact's agent; without one, the agency's people.
        values: what the mail shows.
        message_id: of the webhook, the same for this crossing for ever.
        payload: of the webhook.
    """

    user_ids: list[UserId]
    values: dict[str, Any]
    message_id: str
    payload: dict[str, Any]


@step(ledger=True)
def claim_alert(connection: Connection, workspace_id: WorkspaceId, contact_id: str, crossing: int) -> bool:
    """Find out whether this delivery is the one that tells of the crossing.

    Raises:
        NonRetriable: the lead has not become hot so often, or is there no more.
    """
    delivery_id = running_attempt().delivery_id
    columns = hot_lead.c
    claim = (
        update(hot_lead)
        .where(
            columns.workspace_id == str(workspace_id), columns.contact_id == contact_id, columns.crossing == crossing
        )
        .values(alert_delivery_id=func.coalesce(columns.alert_delivery_id, delivery_id))
        .returning(columns.alert_delivery_id)
    )
    holder: UUID | None = connection.execute(claim).scalar_one_or_none()
    if holder is None:
        raise NonRetriable(
            f"The workspace {workspace_id} has no lead {contact_id} that has become hot {crossing} times. If the "
            "contact was deleted, nobody need be told; else send lead/intent.score, which finds out."
        )
    return holder == delivery_id


@step
def find_end_of_quiet(workspace_id: WorkspaceId) -> datetime | None:
    """When the agency may be disturbed; None if it may be now. Remembered, so that every run waits for the same."""
    with database().transaction() as connection:
        return end_of_quiet(agency_of(connection, workspace_id), datetime.now(UTC))


@step(key=("event.contact_id", "event.crossing"))
def prepare_alert(event: HotLeadDetected) -> Alert:
    """Look up whom to tell, and what. After the quiet hours, since the contact may have another agent by then.

    Raises:
        NonRetriable: the workspace has no such contact, or no agency.
    """
    workspace_id = event.workspace_id
    with database().transaction() as connection:
        agency = agency_of(connection, workspace_id)
        lead = _contact(connection, workspace_id, event.contact_id)
        agent = person_of(connection, workspace_id, lead.agent_id)
        told = [agent] if agent else people_of(connection, workspace_id)
    name = clean(f"{lead.first_name or ''} {lead.last_name or ''}", LONGEST_NAME) or clean(lead.email or lead.id, 254)
    return Alert(
        user_ids=[each.id for each in told],
        values={
            "lead": {
                "name": name,
                "email": clean(lead.email or "", 254),
                "phone": clean(lead.phone or "", 64),
                "category": lead.category,
            },
            "agency": clean(agency.name, LONGEST_NAME),
            "score": round(event.score),
            "reasons": [
                {"what": _IN_WORDS[each.kind], "count": each.count, "points": round(each.points, 1)}
                for each in event.reasons
            ],
            "link": _link(workspace_id, event.contact_id),
        },
        message_id=_message_id(event),
        payload={
            "type": "lead.hot",
            "timestamp": event.detected_at.isoformat(),
            "data": event.wire() | {"name": name, "category": lead.category, "link": _link(workspace_id, lead.id)},
        },
    )


def told(mails: Sequence[Mailed], webhook: int | None) -> dict[str, Any]:
    """What the job amounts to.

    Args:
        mails: what became of each.
        webhook: the status that it answered; None where the agency has none.

    Raises:
        NonRetriable: nobody could be told. Who does not want to be told is left in peace, and no reason to fail.
    """
    if webhook is None and all(each.refused for each in mails):
        reasons = "; ".join(each.refused or "" for each in mails) or "the agency has no users"
        raise NonRetriable(f"Nobody could be told of the hot lead: {reasons}. Mend that or set a webhook, then replay.")
    return {"told": True, "mails": [each.model_dump() for each in mails], "webhook": webhook}


def _contact(connection: Connection, workspace_id: WorkspaceId, contact_id: str) -> Any:
    wanted = select(contact).where(contact.c.workspace_id == str(workspace_id), contact.c.id == contact_id)
    found = connection.execute(wanted).one_or_none()
    if found is None:
        raise NonRetriable(
            f"contactId: the workspace {workspace_id} has no contact {contact_id}. If it was deleted, nobody need be "
            "told; else store it, then replay."
        )
    return found


def _link(workspace_id: WorkspaceId, contact_id: str) -> str | None:
    pattern = nurture_settings().lead_url
    if pattern is None:
        return None
    return pattern.replace("{workspace}", quote(workspace_id, safe="")).replace("{contact}", quote(contact_id, safe=""))


def _message_id(event: HotLeadDetected) -> str:
    # With the time: of a contact who is deleted and stored again, crossings count from 1 again.
    what = [event.workspace_id, event.contact_id, event.crossing, event.detected_at.isoformat()]
    return f"msg_{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]}"
