"""The CRM of an agency that has none: the table ``nurture.crm_contact``."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, update
from sqlalchemy.exc import IntegrityError

from groundwork.blocks.database import database
from groundwork.blocks.nurture.crm.contact import FIELDS, OutgoingContact, PushOutcome, State, Values, folded, merged
from groundwork.blocks.nurture.crm.crm import CrmAccount
from groundwork.blocks.schema.nurture.crm import crm_contact
from groundwork.blocks.sql import statement

_SQL = Path(__file__).with_suffix(".sql")


class TableCrm:
    """The contacts of one workspace in our own database. A contact has the id there that it has here, so that a repeat
    makes no second one, without an e-mail too."""

    def __init__(self, account: CrmAccount) -> None:
        self._workspace_id = account.workspace_id

    @property
    def properties(self) -> Mapping[str, str]:
        return {name: name for name in FIELDS}

    def push(self, contacts: Sequence[OutgoingContact]) -> list[PushOutcome]:
        outcomes: dict[str, PushOutcome] = {}
        with database().transaction() as connection:
            for group in folded(contacts):
                outcome = self._pushed(connection, merged(group))
                for each in group:
                    outcomes[each.contact_id] = PushOutcome(**{**vars(outcome), "contact_id": each.contact_id})
        return [outcomes[each.contact_id] for each in contacts]

    def edit(self, external_id: str, values: Values, at: datetime | None = None) -> None:
        """Change values as a person of the agency does. What we push later does not replace them, unless it is newer.

        Args:
            at: when it was done; now by default.
        """
        when = (at or datetime.now(UTC)).isoformat()
        with database().transaction() as connection:
            connection.execute(
                update(crm_contact)
                .where(crm_contact.c.workspace_id == self._workspace_id, crm_contact.c.id == external_id)
                .values(**_columns(values), edited=crm_contact.c.edited.concat(dict.fromkeys(values, when)))
            )

    def _pushed(self, connection: Connection, contact: OutgoingContact) -> PushOutcome:
        row = connection.execute(
            statement(_SQL, "find"),
            {
                "workspace_id": self._workspace_id,
                "id": contact.external_id or contact.contact_id,
                "email": contact.email,
            },
        ).one_or_none()
        if row is None and contact.external_id and not contact.anew:
            reason = "it was deleted in the CRM, and no person has asked for it since"
            return PushOutcome(contact_id=contact.contact_id, state="skipped", reason=reason)
        try:
            with connection.begin_nested():
                return self._made(connection, contact) if row is None else self._changed(connection, contact, row)
        except IntegrityError:
            return PushOutcome(
                contact_id=contact.contact_id,
                state="refused",
                external_id=row.id if row else None,
                reason=f"another contact of the CRM has the e-mail {contact.email}",
            )

    def _made(self, connection: Connection, contact: OutgoingContact) -> PushOutcome:
        values = _columns(contact.given)
        connection.execute(
            crm_contact.insert().values(workspace_id=self._workspace_id, id=contact.contact_id, **values)
        )
        return PushOutcome(contact_id=contact.contact_id, state="written", external_id=contact.contact_id)

    def _changed(self, connection: Connection, contact: OutgoingContact, row: Row[Any]) -> PushOutcome:
        there = {name: _text(getattr(row, name)) for name in FIELDS}
        edited = {name: datetime.fromisoformat(at) for name, at in row.edited.items()}
        different = {name: value for name, value in contact.changed.items() if (value or None) != there.get(name)}
        kept = {name: there[name] for name in different if contact.is_older(name, than=edited.get(name))}
        written = {name: value for name, value in different.items() if name not in kept}
        if written:
            connection.execute(
                update(crm_contact)
                .where(crm_contact.c.workspace_id == self._workspace_id, crm_contact.c.id == row.id)
                .values(**_columns(written), updated_at=datetime.now(UTC))
            )
        state: State = "written" if written else "unchanged"
        return PushOutcome(contact_id=contact.contact_id, state=state, external_id=row.id, kept=kept)


def _columns(values: Values) -> dict[str, Any]:
    return {name: _typed(name, value or None) for name, value in values.items() if name in FIELDS}


def _typed(name: str, value: str | None) -> str | float | date | None:
    if value is not None and name == "intent_score":
        return float(value)
    return date.fromisoformat(value) if value is not None and name == "categorised_on" else value


def _text(value: Any) -> str | None:
    return None if value is None else value.isoformat() if isinstance(value, date) else str(value)
