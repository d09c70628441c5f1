"""Which contacts of ours are in a portal already, and what it has of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from groundwork.blocks.nurture.crm.contact import OutgoingContact
from groundwork.blocks.nurture.crm.hubspot.names import NAMES
from groundwork.blocks.nurture.crm.hubspot.transport import CONTACTS, HubSpotRefused, Transport
from groundwork.blocks.nurture.crm.pace import wait_for_turn
from groundwork.blocks.nurture.crm.settings import crm_settings

MOST_READ = 50
"""Contacts of one read that has the history of properties."""
MOST_SEARCHED = 5
"""Addresses of one search: HubSpot takes so many groups of filters."""
SEARCHES_PER_SECOND = 4.0
"""HubSpot allows 5 per account."""

_SECONDARY = "hs_additional_emails"
_MERGED = "hs_merged_object_ids"


@dataclass(frozen=True)
class Record:
    """A contact of a portal.

    Attributes:
        id: HubSpot's.
        values: by property.
        newer: when other people or programs last changed each property; those that we changed last are not in it.
    """

    id: str
    values: dict[str, str | None]
    newer: dict[str, datetime]


def find(transport: Transport, account: str, contacts: Sequence[OutgoingContact]) -> dict[str, Record]:
    """The records of contacts: by the id that we know, else by e-mail, else by a secondary e-mail.

    Batches are read by primary addresses alone, and an upsert by a secondary one makes a second contact or takes the
    address away from the first. The search finds both; it may be some seconds behind.

    Returns:
        By our contact's id; those that the portal does not have are not in it.
    """
    found: dict[str, Record] = {}
    known = [each for each in contacts if each.external_id]
    by_id = _read(transport, [str(each.external_id) for each in known])
    found |= {each.contact_id: by_id[each.external_id] for each in known if each.external_id in by_id}

    unknown = [each for each in contacts if each.contact_id not in found and each.email]
    by_email = _read(transport, [str(each.email) for each in unknown], by="email")
    found |= {each.contact_id: by_email[each.email] for each in unknown if each.email in by_email}

    unknown = [each for each in unknown if each.contact_id not in found]
    ids = _searched(transport, account, [str(each.email) for each in unknown])
    by_id = _read(transport, sorted(set(ids.values())))
    return found | {
        each.contact_id: by_id[ids[each.email]] for each in unknown if each.email in ids and ids[each.email] in by_id
    }


def _read(transport: Transport, ids: Sequence[str], by: str | None = None) -> dict[str, Record]:
    """Read records with the history of their properties; those that are not there are left out.

    Args:
        by: the property that the ids are of; None: HubSpot's own.

    Returns:
        By the id that was asked for.
    """
    found: dict[str, Record] = {}
    properties = [*NAMES.values(), _SECONDARY, _MERGED]
    for some in _parts(list(dict.fromkeys(ids)), MOST_READ):
        body: dict[str, Any] = {
            "inputs": [{"id": each} for each in some],
            "properties": properties,
            "propertiesWithHistory": list(NAMES.values()),
        }
        if by:
            body["idProperty"] = by
        try:
            answer = transport.call("POST", f"{CONTACTS}/batch/read", body)
        except HubSpotRefused as refused:
            if refused.status != 404:
                raise
            continue  # none of them
        for each in answer.get("results") or ():
            record = _record(each)
            for key in _keys(each, record, by):
                found.setdefault(key, record)
    return {each: found[each] for each in ids if each in found}


def _keys(answered: dict[str, Any], record: Record, by: str | None) -> Iterator[str]:
    if by == "email":
        yield str(record.values.get("email") or "").lower()
        return
    yield record.id
    # A contact that was merged into another is found by its old id, and answers with the other's.
    yield from _listed((answered.get("properties") or {}).get(_MERGED))


def _searched(transport: Transport, account: str, emails: Sequence[str]) -> dict[str, str]:
    """Ids by address, of contacts that have it as a primary or secondary one."""
    found: dict[str, str] = {}
    for some in _parts(list(dict.fromkeys(emails)), MOST_SEARCHED):
        wait_for_turn(f"{account} search", SEARCHES_PER_SECOND)
        body = {
            "filterGroups": [
                {"filters": [{"propertyName": "email", "operator": "EQ", "value": each}]} for each in some
            ],
            "properties": ["email", _SECONDARY],
            "limit": 100,
        }
        for each in transport.call("POST", f"{CONTACTS}/search", body).get("results") or ():
            properties = each.get("properties") or {}
            if (primary := str(properties.get("email") or "").lower()) in some:
                found[primary] = str(each["id"])
            for secondary in _listed(properties.get(_SECONDARY)):
                if secondary in some:
                    found.setdefault(secondary, str(each["id"]))
    return found


def _record(answered: dict[str, Any]) -> Record:
    histories = answered.get("propertiesWithHistory") or {}
    newest = {name: max(history, key=_when) for name, history in histories.items() if history}
    newer = {name: _when(each) for name, each in newest.items() if not _is_ours(each)}
    return Record(str(answered["id"]), dict(answered.get("properties") or {}), newer)


def _is_ours(entry: dict[str, Any]) -> bool:
    app = crm_settings().hubspot_app_id
    return app is not None and entry.get("sourceType") == "INTEGRATION" and str(entry.get("sourceId")) == str(app)


def _when(entry: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["timestamp"])


def _listed(text: object) -> Iterator[str]:
    return (each.strip().lower() for each in str(text or "").split(";") if each.strip())


def _parts(items: Sequence[str], most: int) -> Iterable[Sequence[str]]:
    return (items[start : start + most] for start in range(0, len(items), most))
