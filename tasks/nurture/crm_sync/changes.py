"""The steps of what was changed in a CRM."""

from typing import Any

from sqlalchemy import Connection

from groundwork.events.nurture.crm import CrmContactChanged
from groundwork.tasks.nurture.agency import agency_of
from groundwork.tasks.nurture.crm import account_of, crm_of
from groundwork.tasks.nurture.crm_sync.inbound import apply_changes
from groundwork.tasks.step import step


@step(ledger=True)
def apply_crm_changes(connection: Connection, changes: list[CrmContactChanged]) -> list[dict[str, Any]]:
    """Take over what counts of the changes, which are of one workspace."""
    account = account_of(agency_of(connection, str(changes[0].workspace_id)))
    fields = {name: field for field, name in crm_of(account).properties.items()}
    known = [each for each in changes if each.crm == account.crm]
    applied = iter(apply_changes(connection, account.key, known, fields) if known else ())
    other = {"state": "unknown", "reason": f"the agency's CRM is {account.crm} now"}
    return [next(applied) if each.crm == account.crm else other for each in changes]
