"""What is to go to the CRM: each contact with our values, when they came to be, and what both sides had last."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from groundwork.blocks.nurture.crm.contact import PERSONAL, OutgoingContact, PushOutcome, Values
from groundwork.blocks.nurture.crm.crm import CrmAccount
from groundwork.blocks.sql import statement
from groundwork.events.nurture.crm import CrmPushWanted
from groundwork.tasks.nurture.agency import Agency, agency_of
from groundwork.tasks.nurture.crm import account_of

BY_A_PERSON = ("category", "contact")
"""Reasons of a push that a person is behind: a contact that was deleted in the CRM is made anew."""

_SQL = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class Wanted:
    """The contacts of some events, each once.

    Attributes:
        contacts: ids, each with whether a person wants it.
    """

    workspace_id: str
    contacts: dict[str, bool]

    @classmethod
    def of(cls, events: Sequence[CrmPushWanted]) -> Self:
        """Those of the events of one workspace."""
        contacts: dict[str, bool] = {}
        for each in events:
            contacts[each.contact_id] = contacts.get(each.contact_id, False) or each.reason in BY_A_PERSON
        return cls(events[0].workspace_id, contacts)


@dataclass(frozen=True)
class Outgoing:
    """What a push has to do.

    Attributes:
        account: the agency's.
        contacts: those whose values the CRM does not have yet.
        hashes: of all values of each, by id.
        settled: what becomes of the others, by id.
        missing: ids of which we have no contact.
    """

    account: CrmAccount
    contacts: list[OutgoingContact] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    settled: dict[str, PushOutcome] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """What names the work: the same contacts with the same values are pushed to an account once per delivery."""
        work = [self.account.key, sorted(self.hashes.items())]
        return hashlib.sha256(json.dumps(work).encode()).hexdigest()[:16]


def outgoing(connection: Connection, wanted: Wanted) -> Outgoing:
    """Read what is to go out.

    Raises:
        NonRetriable: the workspace has no agency.
        ConfigurationError: its CRM and its account do not go together.
    """
    agency = agency_of(connection, wanted.workspace_id)
    account = account_of(agency)
    values = {"workspace_id": str(wanted.workspace_id), "account": account.key, "ids": list(wanted.contacts)}
    rows = {row.id: row for row in connection.execute(statement(_SQL, "outgoing"), values).mappings()}
    found = Outgoing(account, missing=[each for each in wanted.contacts if each not in rows])
    for contact_id, row in rows.items():
        contact = _contact(agency, row, anew=wanted.contacts[contact_id])
        digest = _hash(contact.values)
        if row["deleted_at"] and not contact.anew:
            reason = f"it was deleted in the CRM on {row['deleted_at']:%d %B %Y}, and no person has asked for it since"
            found.settled[contact_id] = PushOutcome(contact_id=contact_id, state="skipped", reason=reason)
        elif row["pushed_hash"] == digest and not row["deleted_at"]:
            found.settled[contact_id] = PushOutcome(
                contact_id=contact_id, state="unchanged", external_id=row["external_id"]
            )
        else:
            found.contacts.append(contact)
            found.hashes[contact_id] = digest
    return found


def _contact(agency: Agency, row: Mapping[Any, Any], *, anew: bool) -> OutgoingContact:
    values: Values = {name: row[name] for name in PERSONAL}
    common = row["common"] or {}
    changed_at = {
        name: datetime.fromisoformat(common[name]["at"])
        if name in common and common[name]["value"] == values[name]
        else row["updated_at"]
        for name in PERSONAL
    }
    if row["category"] is not None and row["categorised_at"] is not None:
        day = row["categorised_at"].astimezone(ZoneInfo(agency.time_zone)).date()
        values |= {"category": row["category"], "categorised_on": day.isoformat()}
        changed_at |= dict.fromkeys(("category", "categorised_on"), row["categorised_at"])
    for name, fact in row["facts"].items():
        values[name] = fact["value"]
        changed_at[name] = datetime.fromisoformat(fact["at"]).astimezone(UTC)
    return OutgoingContact(
        contact_id=row["id"],
        external_id=row["external_id"],
        values=values,
        changed_at=changed_at,
        common={name: each["value"] for name, each in common.items()},
        anew=anew,
    )


def _hash(values: Values) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
