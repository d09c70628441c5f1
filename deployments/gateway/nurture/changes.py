"""What CRMs tell of changes, from their form to ours: about the workspace whose agency has the account."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from groundwork.events.nurture.crm import CrmContactChanged
from groundwork.events.webhooks import ByAccount, Told
from groundwork.tasks.nurture.crm import workspaces_of

MOST_CHANGES = 1_000
"""Of one request."""


def change(
    account: str,
    identity: str,
    at: datetime,
    *,
    external_id: str,
    changes: Mapping[str, str | None],
    deleted: bool = False,
    merged_into: str | None = None,
) -> Told:
    """A change of a contact, as a CRM tells of it.

    Args:
        account: such as ``hubspot:62515``.
        identity: the same for each time that the CRM tells of it.
        at: when it was, by the CRM's clock.
        external_id: of the contact there.
        changes: new values by property.
        merged_into: id of the contact that it is a part of now.
    """
    values = {
        "crm": account.partition(":")[0],
        "external_id": external_id,
        "changes": dict(changes),
        "deleted": deleted,
        "merged_into": merged_into,
        "changed_at": at,
    }
    return Told(event=CrmContactChanged, values=values, account=account, identity=(identity,), at=at)


def _agencies(connection: Connection, accounts: Collection[str]) -> Mapping[str, Collection[str]]:
    return {account: (workspace,) for account, workspace in workspaces_of(connection, accounts).items()}


AGENCIES = ByAccount(_agencies)
"""The workspaces of agencies that have an account."""


def strings(value: Any) -> str | None:
    """A value of JSON as text; None for null and for what is no plain value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
