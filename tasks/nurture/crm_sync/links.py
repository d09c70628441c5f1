"""Which contact is which in the CRM, and what both sides had last."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from groundwork.blocks.nurture.crm.contact import OutgoingContact, PushOutcome
from groundwork.blocks.nurture.crm.crm import CrmAccount
from groundwork.blocks.sql import statement
from groundwork.tasks.nurture.crm_sync.outgoing import Outgoing

_SQL = Path(__file__).with_suffix(".sql")


def remember_push(connection: Connection, outgoing: Outgoing, outcomes: Sequence[PushOutcome]) -> int:
    """Remember what the CRM has now, so that the same is not pushed again.

    What was left out is not remembered as pushed: the next push tries it again.

    Returns:
        Contacts that have arrived.
    """
    by_id = {each.contact_id: each for each in outcomes}
    rows = [
        _row(each, outcome, outgoing.hashes[each.contact_id])
        for each in outgoing.contacts
        if (outcome := by_id.get(each.contact_id)) and outcome.arrived
    ]
    if rows:
        connection.execute(statement(_SQL, "remember"), _account(outgoing.account) | {"rows": json.dumps(rows)})
    return len(rows)


def forget_deleted(connection: Connection, account: CrmAccount, contact_ids: Sequence[str]) -> None:
    """Note that contacts are not in the CRM any more, though it has not told us."""
    if contact_ids:
        connection.execute(statement(_SQL, "deleted"), _account(account) | {"ids": list(contact_ids)})


def _row(contact: OutgoingContact, outcome: PushOutcome, digest: str) -> dict[str, Any]:
    there = {
        name: {"value": value, "at": contact.changed_at[name].isoformat()}
        for name, value in contact.values.items()
        if name not in outcome.kept and name not in outcome.left_out and name in contact.changed_at
        # What has not changed keeps its time: what the CRM tells of since then is newer.
        if name in contact.changed or name not in contact.common
    }
    return {
        "contact_id": contact.contact_id,
        "external_id": outcome.external_id,
        "pushed_hash": None if outcome.left_out else digest,
        "common": there,
    }


def _account(account: CrmAccount) -> dict[str, Any]:
    return {"workspace_id": str(account.workspace_id), "account": account.key}
