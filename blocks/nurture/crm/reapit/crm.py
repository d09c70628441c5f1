"""An agency's Reapit Foundations as its CRM."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from groundwork.blocks.errors import ConfigurationError, RetryAfter
from groundwork.blocks.nurture.crm.contact import OutgoingContact, PushOutcome, State, Values, folded, merged
from groundwork.blocks.nurture.crm.crm import CrmAccount
from groundwork.blocks.nurture.crm.errors import CrmUnavailable
from groundwork.blocks.nurture.crm.pace import one_at_a_time
from groundwork.blocks.nurture.crm.reapit.names import METADATA, NAMES
from groundwork.blocks.nurture.crm.reapit.transport import ReapitRefused, Transport

ROUNDS = 3
"""How often a contact is read and written that somebody else changes between the two (412)."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
"""What becomes a part of a path."""
_CUSTOMER = re.compile(r"[A-Za-z0-9]{1,20}", re.ASCII)


class ReapitCrm:
    """The contacts of one customer, one after another: a push has one request open, and a customer may have five.

    **Which way it can err.** Reapit takes no idempotency key. A contact is looked up by e-mail before it is made, so
    that a repeat finds what was made, and of several runs one at a time does both. If a POST is cut off and Reapit
    carries it out only after the next look, there are two contacts. A contact without e-mail cannot be looked up, and
    is not made.
    """

    def __init__(self, account: CrmAccount) -> None:
        if not _CUSTOMER.fullmatch(account.id):
            raise ConfigurationError(
                f"agency {account.workspace_id}: its crm_account is to be reapit:<code of the customer>, such as "
                "reapit:SBOX"
            )
        self._account = account.key
        self._transport = Transport(account.key, account.id)

    @property
    def properties(self) -> Mapping[str, str]:
        return NAMES

    def push(self, contacts: Sequence[OutgoingContact]) -> list[PushOutcome]:
        outcomes: dict[str, PushOutcome] = {}
        try:
            for group in folded(contacts):
                outcome = self._pushed(merged(group))
                for each in group:
                    outcomes[each.contact_id] = replace(outcome, contact_id=each.contact_id)
        finally:
            self._transport.close()
        return [outcomes[each.contact_id] for each in contacts]

    def _pushed(self, contact: OutgoingContact) -> PushOutcome:
        for _ in range(ROUNDS):
            found = None
            try:
                found = self._found(contact)
                if found is None and contact.email:
                    # Another run, such as one whose lease has ended, may be about to make it.
                    with one_at_a_time(f"{self._account} {contact.email}"):
                        found = self._found(contact)
                        if found is None:
                            return self._made(contact)
                return self._made(contact) if found is None else self._changed(contact, found)
            except ReapitRefused as refused:
                # 412: changed since it was read. 404: deleted since.
                if found is None or refused.status not in (404, 412):
                    external_id = str(found["id"]) if found else None
                    return PushOutcome(
                        contact_id=contact.contact_id,
                        state="refused",
                        external_id=external_id,
                        reason=f"Reapit refuses it: {refused}",
                    )
        raise RetryAfter("Reapit: a contact is changed faster than we can follow", 5)

    def _found(self, contact: OutgoingContact) -> Mapping[str, Any] | None:
        """The contact as Reapit has it: by the id that we know, else by e-mail."""
        if contact.external_id and _ID.fullmatch(contact.external_id):
            try:
                return self._transport.json(self._transport.call("GET", f"/contacts/{contact.external_id}"))
            except ReapitRefused as refused:
                if refused.status != 404:
                    raise
        if contact.email is None:
            return None
        answer = self._transport.call("GET", "/contacts", params={"email": contact.email, "pageSize": 100})
        hits = [
            each
            for each in self._transport.json(answer).get("_embedded") or ()
            if str(each.get("email") or "").strip().lower() == contact.email
        ]
        # Of several with one address the first that was made: the same one each time.
        return min(hits, key=lambda each: (str(each.get("created") or ""), str(each["id"])), default=None)

    def _made(self, contact: OutgoingContact) -> PushOutcome:
        if contact.external_id and not contact.anew:
            return _skipped(contact, "it was deleted in the CRM, and no person has asked for it since")
        if contact.email is None:
            return _skipped(contact, "it has no e-mail, without which a repeat could make it twice")
        office, negotiator = self._transport.option("office_id"), self._transport.option("negotiator_id")
        if not office or not negotiator:
            raise ConfigurationError(
                f"{self._account}: a new contact needs an office and a negotiator. Give both: groundwork nurture "
                f"connect {self._account} --option office_id=… --option negotiator_id=…"
            )
        body = _body(contact.given, {}) | {"officeIds": [office], "negotiatorIds": [negotiator]}
        body["marketingConsent"] = "notAsked"
        response = self._transport.call("POST", "/contacts", json=body)
        external_id = response.headers.get("location", "").rstrip("/").rpartition("/")[2]
        if not _ID.fullmatch(external_id):
            raise CrmUnavailable("Reapit made a contact and did not say where")
        return PushOutcome(contact_id=contact.contact_id, state="written", external_id=external_id)

    def _changed(self, contact: OutgoingContact, found: Mapping[str, Any]) -> PushOutcome:
        there = {name: _value(found, property_name) for name, property_name in NAMES.items()}
        different = {name: value for name, value in contact.changed.items() if not _same(name, value, there.get(name))}
        kept = {name: there[name] for name in different if _is_newer_there(contact, name, there[name], found)}
        written = {name: value for name, value in different.items() if name not in kept}
        if written:
            body = _body(written, found.get("metadata") or {})
            self._transport.call("PATCH", f"/contacts/{found['id']}", etag=str(found["_eTag"]), json=body)
        state: State = "written" if written else "unchanged"
        return PushOutcome(contact_id=contact.contact_id, state=state, external_id=str(found["id"]), kept=kept)


def _is_newer_there(contact: OutgoingContact, name: str, theirs: str | None, found: Mapping[str, Any]) -> bool:
    """Whether somebody changed a value there after we did. Reapit tells when a contact was changed, and not what: a
    value counts as changed then, unless it is the one that both had last."""
    if NAMES[name].startswith(METADATA) or not theirs or theirs == contact.common.get(name):
        return False
    return contact.is_older(name, than=_moment(found.get("modified") or found.get("created")))


def _body(values: Values, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Our values as Reapit's fields. An empty text clears one."""
    fields: dict[str, Any] = {}
    own = dict(metadata)
    for name, value in values.items():
        property_name = NAMES.get(name, "")
        if property_name.startswith(METADATA):
            own[property_name.removeprefix(METADATA)] = value or ""
        elif property_name:
            fields[property_name] = value or ""
    # Metadata is replaced as a whole.
    return fields | ({"metadata": own} if own != dict(metadata) else {})


def _value(found: Mapping[str, Any], property_name: str) -> str | None:
    if property_name.startswith(METADATA):
        value = (found.get("metadata") or {}).get(property_name.removeprefix(METADATA))
    else:
        value = found.get(property_name)
    return None if value in (None, "") else str(value)


def _same(name: str, ours: str | None, theirs: str | None) -> bool:
    if name == "email":
        return (ours or "").strip().lower() == (theirs or "").strip().lower()
    return (ours or None) == theirs


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _skipped(contact: OutgoingContact, reason: str) -> PushOutcome:
    return PushOutcome(contact_id=contact.contact_id, state="skipped", reason=reason)
