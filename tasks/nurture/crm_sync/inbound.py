"""What was changed in a CRM comes to our contacts: of each value the latest, by the clocks of the two sides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from groundwork.blocks.nurture.crm.contact import PERSONAL, Values
from groundwork.blocks.schema.nurture.contact import contact
from groundwork.blocks.schema.nurture.crm import crm_link
from groundwork.blocks.sql import statement
from groundwork.events.nurture.crm import CrmContactChanged

LONGEST_VALUE = 500
"""Characters of a name, an address or a number that we take over."""

_SQL = Path(__file__).with_suffix(".sql")
_JOINERS = "\u200c\u200d"
"""Do not print, and stand within names and emoji."""

Common = dict[str, dict[str, Any]]
"""What both sides had last, by field: ``{"value": …, "at": …}``."""


@dataclass
class _Linked:
    """A contact of ours that is linked to one of the CRM, both rows locked."""

    contact_id: str
    values: Values
    updated_at: datetime
    common: Common
    deleted_at: datetime | None
    taken: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    """What both had before, of the fields whose values are taken over."""

    def age(self, name: str) -> datetime:
        """When our value came to be: with the last that both had, or with the contact's last change here."""
        common = self.common.get(name)
        if common is None:
            return self.updated_at
        at = datetime.fromisoformat(common["at"])
        return at if common["value"] == self.values[name] else max(at, self.updated_at)


def apply_changes(
    connection: Connection, account: str, changes: Sequence[CrmContactChanged], fields: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Take changes over.

    Of a value the latest counts, by when it came to be on its side; of two at one moment the one that sorts last, so
    that the order of arrival says nothing. A value that both sides had last is an echo of what we wrote.

    Args:
        connection: a transaction.
        account: the agency's at its CRM.
        changes: of one workspace, in any order.
        fields: our field by the CRM's name of a property.

    Returns:
        What became of each change, in order.
    """
    place = {"workspace_id": str(changes[0].workspace_id), "account": account}
    for merge in sorted((each for each in changes if each.merged_into), key=lambda each: each.changed_at):
        values = {"external_id": merge.external_id, "merged_into": merge.merged_into}
        connection.execute(statement(_SQL, "relink"), place | values)
    ids = sorted({each.external_id for each in changes})
    linked: dict[str, list[_Linked]] = {}
    for row in connection.execute(statement(_SQL, "linked"), place | {"ids": ids}).mappings():
        linked.setdefault(row["external_id"], []).append(_linked(row))
    results: list[dict[str, Any]] = []
    for change in changes:
        if change.merged_into:
            results.append({"state": "merged"})
            continue
        told = [_apply(one, change, fields) for one in linked.get(change.external_id, ())]
        # Several of ours may be one in the CRM: of a couple that shares an address.
        results.append(told[0] if told else {"state": "unknown", "reason": "no contact of ours is linked to it"})
    for external_id, some in linked.items():
        for one in some:
            if _write(connection, place, one):
                continue
            for change, result in zip(changes, results, strict=True):
                if change.external_id == external_id and "email" in result.get("taken", ()):
                    result["taken"].remove("email")
                    result["refused"]["email"] = "another contact of the agency has it"
    return [_shortened(each) for each in results]


def _apply(one: _Linked, change: CrmContactChanged, fields: Mapping[str, str]) -> dict[str, Any]:
    at = change.changed_at.astimezone(UTC)
    if change.deleted:
        one.deleted_at = max(at, one.deleted_at or at)
        return {"state": "deleted"}
    if one.deleted_at and at > one.deleted_at:
        one.deleted_at = None
    result: dict[str, Any] = {"state": "", "taken": [], "older": [], "refused": {}}
    for name, sent in change.changes.items():
        ours = fields.get(name)
        if ours not in PERSONAL:
            continue
        value = (sent or "").strip() or None
        common = one.common.get(ours)
        if ours == "email":
            value = _as_known(value, common["value"] if common else None, one.values[ours])
        if fault := _fault(ours, value):
            result["refused"][ours] = fault
        elif common and common["value"] == value:
            common["at"] = max(at, datetime.fromisoformat(common["at"])).isoformat()
        elif (at, value or "") <= (one.age(ours), one.values[ours] or ""):
            result["older"].append(ours)
        else:
            one.taken.setdefault(ours, common)
            one.values[ours] = value
            one.common[ours] = {"value": value, "at": at.isoformat()}
            result["taken"].append(ours)
    return result


def _as_known(email: str | None, *known: str | None) -> str | None:
    """An address as one that we know of writes it: CRMs write all in lower case, which is no change."""
    return next((each for each in known if each and email and each.lower() == email.lower()), email)


def _fault(name: str, value: str | None) -> str | None:
    """Why a value is not taken over, for a person."""
    if value is None:
        return None
    if len(value) > LONGEST_VALUE:
        return f"it has {len(value):,} characters, and {LONGEST_VALUE} are taken"
    if not all(each.isprintable() or each in _JOINERS for each in value):
        return "it has characters that do not print"
    if name == "email" and ("@" not in value or " " in value):
        return "it is no e-mail address"
    return None


def _write(connection: Connection, place: Mapping[str, str], one: _Linked) -> bool:
    """Write a contact and its link.

    Returns:
        Whether all was written; False: but for the e-mail, which another contact has.
    """
    try:
        with connection.begin_nested():
            _update(connection, place, one, list(one.taken))
            return True
    except IntegrityError:
        before = one.taken.pop("email")
        one.common.pop("email")
        if before:
            one.common["email"] = before
        _update(connection, place, one, list(one.taken))
        return False


def _update(connection: Connection, place: Mapping[str, str], one: _Linked, taken: Sequence[str]) -> None:
    if taken:
        connection.execute(
            update(contact)
            .where(contact.c.workspace_id == place["workspace_id"], contact.c.id == one.contact_id)
            .values({name: one.values[name] for name in taken})
        )
    connection.execute(
        update(crm_link)
        .where(
            crm_link.c.workspace_id == place["workspace_id"],
            crm_link.c.account == place["account"],
            crm_link.c.contact_id == one.contact_id,
        )
        .values(common=one.common, deleted_at=one.deleted_at)
    )


def _linked(row: Mapping[Any, Any]) -> _Linked:
    return _Linked(
        contact_id=row["contact_id"],
        values={name: row[name] for name in PERSONAL},
        updated_at=row["updated_at"],
        common={name: dict(each) for name, each in row["common"].items()},
        deleted_at=row["deleted_at"],
    )


def _shortened(result: dict[str, Any]) -> dict[str, Any]:
    state = result["state"] or ("taken" if result["taken"] else "unchanged")
    return {name: value for name, value in result.items() if value} | {"state": state}
