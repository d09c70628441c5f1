"""An agency's HubSpot portal as its CRM."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.nurture.crm.contact import OutgoingContact, PushOutcome, State, Values, folded, merged
from groundwork.blocks.nurture.crm.crm import CrmAccount
from groundwork.blocks.nurture.crm.hubspot.batches import Input, Written, write, wrong_properties
from groundwork.blocks.nurture.crm.hubspot.lookup import Record, find
from groundwork.blocks.nurture.crm.hubspot.names import NAMES
from groundwork.blocks.nurture.crm.hubspot.properties import Properties, same
from groundwork.blocks.nurture.crm.hubspot.transport import CONTACTS, WITH_COMPANIES, HubSpotRefused, Transport

ROUNDS = 3
"""How often a contact is looked up and written that was changed in the portal between the two."""


@dataclass
class _Task:
    """One contact of a push on its way."""

    contact: OutgoingContact
    left_out: dict[str, str] = field(default_factory=dict)
    kept: Values = field(default_factory=dict)
    input: Input = field(default_factory=dict)
    record: Record | None = None
    outcome: PushOutcome | None = None

    def end(self, state: State, *, external_id: str | None = None, reason: str = "") -> None:
        self.outcome = PushOutcome(
            contact_id=self.contact.contact_id,
            state=state,
            external_id=external_id or (self.record.id if self.record else None),
            kept=self.kept,
            left_out=self.left_out,
            reason=reason,
        )


class HubSpotCrm:
    """The contacts of one portal. A contact is found by HubSpot's id, else by e-mail, primary or secondary, and made by
    an upsert by e-mail: a repeat finds what was made."""

    def __init__(self, account: CrmAccount) -> None:
        if not (account.id.isascii() and account.id.isdecimal()):
            raise ConfigurationError(
                f"agency {account.workspace_id}: its crm_account is to be hubspot:<id of the portal>, a number"
            )
        self._account = account.key
        self._transport = Transport(account.key)

    @property
    def properties(self) -> Mapping[str, str]:
        return NAMES

    def push(self, contacts: Sequence[OutgoingContact]) -> list[PushOutcome]:
        groups = folded(contacts)
        tasks = [_Task(merged(group)) for group in groups]
        properties = Properties.of(self._transport, self._account)
        for number in range(ROUNDS):
            open_tasks = [each for each in tasks if each.outcome is None]
            if not open_tasks:
                break
            if number and any(each.left_out for each in open_tasks):
                properties = Properties.of(self._transport, self._account, anew=True)
            self._round(open_tasks, properties)
        self._join_company(tasks)
        outcomes: dict[str, PushOutcome] = {}
        for group, task in zip(groups, tasks, strict=True):
            if task.outcome is None:
                task.end("refused", reason="the contact is changed in HubSpot faster than we can follow")
            for each in group:
                assert task.outcome is not None
                outcomes[each.contact_id] = replace(task.outcome, contact_id=each.contact_id)
        return [outcomes[each.contact_id] for each in contacts]

    def _round(self, tasks: Sequence[_Task], properties: Properties) -> None:
        records = find(self._transport, self._account, [each.contact for each in tasks])
        for task in tasks:
            task.record = records.get(task.contact.contact_id)
            task.kept.clear()
            if task.record:
                _plan_update(task, task.record, properties)
            else:
                _plan_new(task, properties)
        updates = [each for each in tasks if each.outcome is None and each.record]
        self._write(f"{CONTACTS}/batch/update", updates)
        upserts = [each for each in tasks if each.outcome is None and not each.record and each.input]
        self._write(f"{CONTACTS}/batch/upsert", upserts)

    def _write(self, path: str, tasks: Sequence[_Task]) -> None:
        """Write what was planned; what may come to a better end by another round stays open."""
        for task, written in zip(tasks, write(self._transport, path, [each.input for each in tasks]), strict=True):
            if isinstance(written, Written):
                task.end("written", external_id=written.id)
            else:
                _after_refusal(task, written)
            task.input = {}

    def _join_company(self, tasks: Sequence[_Task]) -> None:
        """Associate the contacts that we did not know there with the company that is the agency's branch, where the
        account names one. A repeat changes nothing."""
        found = [task.outcome for task in tasks if task.outcome and task.contact.external_id is None]
        joining = [each for each in found if each.external_id]
        company = self._transport.option("company_id") if joining else None
        if not company:
            return
        pairs = [{"from": {"id": each.external_id}, "to": {"id": str(company)}} for each in joining]
        try:
            self._transport.call("POST", WITH_COMPANIES, {"inputs": pairs})
        except HubSpotRefused as refused:
            for each in joining:
                each.left_out["company"] = f"HubSpot refuses to associate it with company {company}: {refused}"


def _plan_update(task: _Task, record: Record, properties: Properties) -> None:
    contact = task.contact
    written, left_out = properties.written(_without(contact.changed, task.left_out))
    task.left_out |= left_out
    fields = {name: each for each, name in NAMES.items()}
    different = {name: value for name, value in written.items() if not same(name, value, record.values.get(name))}
    if "email" in different and _is_secondary(record, different["email"]):
        # The person has several addresses, and another one is the first in the portal.
        del different["email"]
    common, _ = properties.written(contact.common)
    for name in [*different]:
        # What both had last is nobody else's change, though HubSpot may not say that our app made it.
        is_theirs = name not in common or not same(name, common[name], record.values.get(name))
        if is_theirs and contact.is_older(fields[name], than=record.newer.get(name)):
            task.kept[fields[name]] = record.values.get(name)
            del different[name]
    if different:
        task.input = {"id": record.id, "properties": different}
    else:
        task.end("unchanged")


def _plan_new(task: _Task, properties: Properties) -> None:
    contact = task.contact
    if contact.external_id and not contact.anew:
        task.end("skipped", reason="it was deleted in the CRM, and no person has asked for it since")
    elif contact.email is None:
        task.end("skipped", reason="it has no e-mail, without which HubSpot cannot tell whether it is there")
    else:
        written, left_out = properties.written(_without(contact.given, task.left_out))
        task.left_out |= left_out
        task.input = {
            "idProperty": "email",
            "id": contact.email,
            "properties": {each: value for each, value in written.items() if value} | {"email": contact.email},
        }


def _after_refusal(task: _Task, refused: HubSpotRefused) -> None:
    fields = {name: each for each, name in NAMES.items()}
    wrong = {fields[name] for name in wrong_properties(refused) if name in fields}
    if refused.status == 409 and task.record:
        wrong = {"email"}  # another contact has it
    elif not task.record:
        wrong -= {"email"}  # nothing could be made without
    if wrong - set(task.left_out):
        task.left_out |= dict.fromkeys(wrong, f"HubSpot refuses it: {refused}")
    elif refused.status == 404 and task.record:
        task.left_out = {}  # deleted since it was read: the next round looks it up by e-mail
    elif refused.status == 409 and not task.record:
        pass  # made since it was looked up: the next round finds it
    else:
        task.end("refused", reason=f"HubSpot refuses it: {refused}")


def _without(values: Values, names: Iterable[str]) -> Values:
    return {name: value for name, value in values.items() if name not in set(names)}


def _is_secondary(record: Record, email: str) -> bool:
    listed = str(record.values.get("hs_additional_emails") or "").lower().split(";")
    return email.strip().lower() in (each.strip() for each in listed)
