"""A contact on its way into a CRM, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

PERSONAL = ("email", "first_name", "last_name", "phone")
"""Fields that the people of an agency may change in their CRM; such changes come back to us."""
FIELDS = (*PERSONAL, "category", "categorised_on", "intent_score", "intent_band", "sequence")
"""All that we push, each a text: a date is ``2026-11-27``, a number as Python writes it."""

Values = dict[str, str | None]
"""Values by field. None: there is none, and what we had given before is cleared."""


@dataclass(frozen=True, kw_only=True)
class OutgoingContact:
    """What we know of a contact, for its CRM.

    Attributes:
        contact_id: ours.
        external_id: the contact's in the CRM, as far as we know; None: look it up by e-mail.
        values: by field.
        changed_at: when each value came to be, by our clock. A value of the CRM's that is newer stays.
        common: what both sides had when they were last compared. What has not changed since is not pushed.
        anew: make the contact again if it was deleted there: a person asked for it.
    """

    contact_id: str
    values: Values
    changed_at: dict[str, datetime]
    external_id: str | None = None
    common: Values = field(default_factory=dict)
    anew: bool = True

    @property
    def email(self) -> str | None:
        """The address by which it is looked up: lower case, None where there is none."""
        return (self.values.get("email") or "").strip().lower() or None

    @property
    def changed(self) -> Values:
        """The values to be pushed to a contact that is there. What was never given need not be cleared."""
        return {
            name: value for name, value in self.values.items() if (value or None) != (self.common.get(name) or None)
        }

    @property
    def given(self) -> Values:
        """The values of a contact that is not there yet."""
        return {name: value for name, value in self.values.items() if value}

    def is_older(self, name: str, than: datetime | None) -> bool:
        """Whether somebody's value of a moment is newer than ours."""
        ours = self.changed_at.get(name)
        return than is not None and (ours is None or than > ours)


State = Literal["written", "unchanged", "skipped", "refused"]


@dataclass(frozen=True, kw_only=True)
class PushOutcome:
    """What became of one contact.

    Attributes:
        contact_id: ours.
        state: written; unchanged: the CRM had it all; skipped: there is nothing to write to, ``reason`` says why;
            refused: the CRM does not take it, ``reason`` says why.
        external_id: of the contact in the CRM; None where there is none.
        kept: the CRM's newer values, which stay, by field.
        left_out: why a value was not pushed, by field.
        reason: for a person.
    """

    contact_id: str
    state: State
    external_id: str | None = None
    kept: Values = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    reason: str = ""

    @property
    def arrived(self) -> bool:
        """Whether the CRM has the contact's values now, but for those that are kept or left out."""
        return self.state in ("written", "unchanged")


def folded(contacts: Sequence[OutgoingContact]) -> list[list[OutgoingContact]]:
    """Contacts that are one in a CRM: those of one e-mail, whatever its case, and those of one external id.

    Returns:
        Groups in order of their first; each has at least one.
    """
    groups: list[list[OutgoingContact]] = []
    found: dict[tuple[str, str], list[OutgoingContact]] = {}
    for each in contacts:
        keys = [(kind, key) for kind, key in (("id", each.external_id), ("email", each.email)) if key]
        group = next((found[key] for key in keys if key in found), None)
        if group is None:
            group = []
            groups.append(group)
        group.append(each)
        for key in keys:
            found.setdefault(key, group)
    return groups


def merged(group: list[OutgoingContact]) -> OutgoingContact:
    """One contact of those that are one in the CRM: of each field the value that is newest."""
    if len(group) == 1:
        return group[0]
    values: Values = {}
    changed_at: dict[str, datetime] = {}
    for each in group:
        for name, value in each.values.items():
            when = each.changed_at.get(name)
            if name not in values or (when is not None and when >= changed_at.get(name, when)):
                values[name] = value
                if when is not None:
                    changed_at[name] = when
    first = group[0]
    return OutgoingContact(
        contact_id=first.contact_id,
        external_id=next((each.external_id for each in group if each.external_id), None),
        values=values,
        changed_at=changed_at,
        common=first.common,
        anew=any(each.anew for each in group),
    )
