"""The steps of a push."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect.runtime import task_run
from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.errors import RetryAfter
from groundwork.blocks.nurture.crm.contact import OutgoingContact, PushOutcome
from groundwork.blocks.nurture.crm.crm import CrmAccount
from groundwork.blocks.nurture.crm.errors import CrmRefused, CrmUnavailable
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import current_attempt, send_many
from groundwork.events.nurture.crm import CrmPushWanted
from groundwork.tasks.nurture.crm import crm_of
from groundwork.tasks.nurture.crm_sync.links import forget_deleted, remember_push
from groundwork.tasks.nurture.crm_sync.outgoing import Outgoing, Wanted, outgoing
from groundwork.tasks.step import step

RETRIES = 3
"""Tries after the first, within seconds. What lasts longer is an outage, which no batch sits out."""
FIRST_OUTAGE, LONGEST_OUTAGE = 60.0, 3600.0
"""Seconds until a CRM that does not answer is asked again: twice as long with each time, up to the longest."""
LONGEST_IN_PLACE = 30.0
"""Seconds that a push waits for a provider with a worker's place in hand. For more its contacts are pushed by events
that start then. Too low: more events. Too high: idle workers."""


@dataclass(frozen=True)
class Pushed:
    """What a push came to.

    Attributes:
        outcomes: one per contact.
        later: seconds after which the provider wants to be asked again; it was not asked about all, then.
        reason: what the provider said.
    """

    outcomes: list[PushOutcome] = field(default_factory=list)
    later: float | None = None
    reason: str = ""


_NOTHING = Pushed()


@step(memoise=False)
def read_outgoing(wanted: Wanted) -> Outgoing:
    """Read what the CRM is to have: as it is now, in each attempt."""
    with database().transaction() as connection:
        return outgoing(connection, wanted)


@step(retries=RETRIES, first_delay=2.0, key=("digest",), provider=True)
def push_contacts(account: CrmAccount, contacts: list[OutgoingContact], digest: str) -> Pushed:  # noqa: ARG001 - the key
    """Write the contacts to the CRM. A repeat, after whatever happened, makes no second contact."""
    is_last = (task_run.run_count or 1) > RETRIES
    try:
        return Pushed(crm_of(account).push(contacts))
    except RetryAfter as wait:
        if wait.seconds <= LONGEST_IN_PLACE and not is_last:
            raise
        return Pushed(later=max(wait.seconds, LONGEST_IN_PLACE), reason=str(wait))
    except CrmUnavailable as away:
        if not is_last:
            raise
        attempt = current_attempt()
        # Each time is one event deeper in its chain, which ends at GROUNDWORK_MAX_CHAIN_DEPTH, after days.
        doubled = FIRST_OUTAGE * 2 ** min(attempt.depth if attempt else 0, 10)
        return Pushed(later=min(doubled, LONGEST_OUTAGE), reason=str(away))


@step(ledger=True, key=("digest",))
def record_push(connection: Connection, going: Outgoing, outcomes: list[PushOutcome], digest: str) -> int:  # noqa: ARG001
    """Remember what the CRM has now."""
    gone = [each.contact_id for each in outcomes if each.state == "skipped" and each.external_id is None]
    known = {each.contact_id for each in going.contacts if each.external_id}
    forget_deleted(connection, going.account, [each for each in gone if each in known])
    return remember_push(connection, going, outcomes)


@step(key=("digest",))
def push_later(wanted: Wanted, contact_ids: list[str], pushed: Pushed, digest: str) -> int:  # noqa: ARG001
    """Have contacts pushed when the provider wants to be asked again."""
    workspace_id = WorkspaceId.stored(wanted.workspace_id)
    when = datetime.now(UTC) + timedelta(seconds=pushed.later or 0)
    events = [
        CrmPushWanted(
            workspace_id=workspace_id, contact_id=each, reason="contact" if wanted.contacts[each] else "score"
        )
        for each in contact_ids
    ]
    return len(send_many(events, occurred_at=when, source="push-to-crm"))


def results(events: Sequence[CrmPushWanted], going: Outgoing, pushed: Pushed = _NOTHING) -> list[object]:
    """What each event's delivery ends with: the outcome of its contact, or an error."""
    outcomes = going.settled | {each.contact_id: each for each in pushed.outcomes}
    return [_result(each.contact_id, outcomes.get(each.contact_id), going, pushed) for each in events]


def _result(contact_id: str, outcome: PushOutcome | None, going: Outgoing, pushed: Pushed) -> object:
    if contact_id in going.missing:
        return CrmRefused(f"There is no contact {contact_id} in this workspace. Store it, then push it again.")
    if outcome is None:
        return {"state": "later", "seconds": pushed.later, "reason": pushed.reason}
    if outcome.state == "refused":
        return CrmRefused(f"{going.account.key}: contact {contact_id}: {outcome.reason}")
    told: dict[str, Any] = {"state": outcome.state, "externalId": outcome.external_id}
    for name, value in (("kept", outcome.kept), ("leftOut", outcome.left_out), ("reason", outcome.reason)):
        if value:
            told[name] = value
    return told
