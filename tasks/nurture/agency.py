"""Agencies: what differs between them."""

from dataclasses import dataclass
from datetime import time

from sqlalchemy import Connection, select

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.schema.nurture.agency import agency
from groundwork.events.identifiers import WorkspaceId


@dataclass(frozen=True, kw_only=True)
class Agency:
    """A row of ``nurture.agency``; its comments say what each column means."""

    workspace_id: str
    name: str
    website: str
    domains: list[str]
    email: str
    phone: str | None
    postal_address: str
    time_zone: str
    quiet_from: time
    quiet_until: time
    writing: str
    daily_budget_micros: int
    half_life_days: float
    warm_from: float
    hot_from: float
    hot_until: float
    crm: str
    crm_account: str | None
    webhook_url: str | None
    webhook_secret_version: int


def agency_of(connection: Connection, workspace_id: WorkspaceId) -> Agency:
    """The agency of a workspace.

    Raises:
        NonRetriable: there is none; the message says what to do.
    """
    columns = [each for each in agency.c if each.name != "created_at"]
    found = connection.execute(select(*columns).where(agency.c.workspace_id == str(workspace_id))).one_or_none()
    if found is None:
        raise NonRetriable(f"The workspace {workspace_id} has no row in nurture.agency. Store its agency, then replay.")
    return Agency(**found._mapping)
