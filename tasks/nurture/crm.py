"""The CRM of an agency, for every job of the application: which it is, and what else it is to have of a contact."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from groundwork.blocks.errors import ConfigurationError, UnknownName
from groundwork.blocks.nurture.crm.contact import FIELDS, PERSONAL
from groundwork.blocks.nurture.crm.crm import Crm, CrmAccount, crm_at
from groundwork.blocks.schema.nurture.agency import agency
from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.nurture.agency import Agency

_SQL = Path(__file__).with_suffix(".sql")

NOTED = tuple(name for name in FIELDS if name not in (*PERSONAL, "category", "categorised_on"))
"""Fields that other parts of the application note; the rest is read from the contact itself."""


def account_of(owner: Agency) -> CrmAccount:
    """The agency's account at its CRM.

    Raises:
        ConfigurationError: ``crm`` and ``crm_account`` of the agency do not go together.
    """
    return CrmAccount.of(owner.workspace_id, owner.crm, owner.crm_account)


def crm_of(account: CrmAccount) -> Crm:
    """The CRM of an account.

    Raises:
        ConfigurationError: there is none of its name, or it lacks something.
    """
    return crm_at(account)


def connect_account(connection: Connection, account: CrmAccount) -> None:
    """Make an account that of its workspace's agency.

    Raises:
        UnknownName: the workspace has no agency.
        ConfigurationError: another agency has the account.
    """
    values = {"crm": account.crm, "crm_account": account.key if account.id else None}
    try:
        with connection.begin_nested():
            made = connection.execute(
                update(agency).where(agency.c.workspace_id == str(account.workspace_id)).values(values)
            )
    except IntegrityError:
        raise ConfigurationError(f"another agency has the account {account.key}; an account is one agency's") from None
    if not made.rowcount:
        raise UnknownName(f"the workspace {account.workspace_id} has no agency; store its row in nurture.agency first")


def workspaces_of(connection: Connection, accounts: Collection[str]) -> dict[str, WorkspaceId]:
    """The workspaces whose agencies have these accounts, by account; unknown ones are not in it.

    Args:
        accounts: such as ``hubspot:62515``.
    """
    found = select(agency.c.crm_account, agency.c.workspace_id).where(agency.c.crm_account.in_(accounts))
    return {row.crm_account: WorkspaceId.stored(row.workspace_id) for row in connection.execute(found)}


def note_for_crm(
    connection: Connection, workspace_id: str, facts: Mapping[str, Mapping[str, str | float | None]]
) -> None:
    """Note what the CRM is to have of contacts beside their own rows. Send ``CrmPushWanted`` for each in the same
    transaction; a value that is noted again as it was counts as unchanged.

    Args:
        connection: the caller's transaction.
        facts: by contact its values by field, of :data:`NOTED`; None clears one.

    Raises:
        ConfigurationError: there is no such field.
    """
    unknown = sorted({field for values in facts.values() for field in values} - set(NOTED))
    if unknown:
        raise ConfigurationError(f"note_for_crm: {unknown} are no fields of a CRM; there are {', '.join(NOTED)}")
    rows = [
        {"contact_id": contact_id, "field": field, "value": None if value is None else str(value)}
        for contact_id, values in facts.items()
        for field, value in values.items()
    ]
    if rows:
        connection.execute(statement(_SQL, "note"), {"workspace_id": str(workspace_id), "rows": json.dumps(rows)})
