"""The CRM of an agency, for every job of the application: which it is, and what else it is to have of a contact."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from groundwork.blocks.errors import ConfigurationError, UnknownName
from groundwork.blocks.nurture.crm.contact import FIELDS, PERSONAL
from groundwork.blocks.nurture.crm.crm import Crm, CrmAccount, crm_at
from groundwork.blocks.schema.nurture.agency import agency
from groundwork.blocks.schema.nurture.crm import crm_fact
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.nurture.agency import Agency

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
    connection: Connection, workspace_id: str, contact_id: str, facts: Mapping[str, str | float | None]
) -> None:
    """Note what the CRM is to have of a contact beside the contact's own row. Send ``CrmPushWanted`` in the same
    transaction; a value that is noted again as it was counts as unchanged.

    Args:
        connection: the caller's transaction.
        facts: values by field, of :data:`NOTED`; None clears one.

    Raises:
        ConfigurationError: there is no such field.
    """
    unknown = sorted(set(facts) - set(NOTED))
    if unknown:
        raise ConfigurationError(f"note_for_crm: {unknown} are no fields of a CRM; there are {', '.join(NOTED)}")
    # In one order, so that two transactions of a contact wait for each other and for nothing else.
    for field, value in sorted(facts.items()):
        text = None if value is None else str(value)
        row = {"workspace_id": str(workspace_id), "contact_id": contact_id, "field": field, "value": text}
        statement = insert(crm_fact).values(row)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["workspace_id", "contact_id", "field"],
                set_={"value": text, "changed_at": func.now()},
                where=crm_fact.c.value.is_distinct_from(text),
            )
        )
