"""The agency of a workspace."""

from dataclasses import dataclass
from datetime import time
from typing import Literal

from sqlalchemy import Connection, select

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.schema.nurture.agency import agency


@dataclass(frozen=True, kw_only=True)
class Agency:
    """A row of ``nurture.agency``; what each column means stands there."""

    workspace_id: str
    name: str
    website: str
    domains: tuple[str, ...]
    email: str
    phone: str | None
    postal_address: str
    time_zone: str
    quiet_from: time
    quiet_until: time
    writing: Literal["templates", "contacts"]
    daily_budget_micros: int
    half_life_days: float
    warm_from: float
    hot_from: float
    hot_until: float
    crm: str
    crm_account: str | None
    webhook_url: str | None
    webhook_secret_version: int


_COLUMNS = [agency.c[name] for name in Agency.__dataclass_fields__]


def agency_of(connection: Connection, workspace_id: str) -> Agency:
    """The agency of a workspace.

    Raises:
        NonRetriable: it has none; the message says how to make one.
    """
    row = connection.execute(select(*_COLUMNS).where(agency.c.workspace_id == str(workspace_id))).mappings().first()
    if row is None:
        raise NonRetriable(
            f"Workspace {workspace_id} has no agency. Make one: `groundwork nurture agency set --workspace "
            f"{workspace_id} --name … --website https://… --email … --address …`, then `groundwork dead replay`."
        )
    return Agency(**{**row, "domains": tuple(row["domains"])})
