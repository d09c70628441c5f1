"""What CRMs tell of changes, from their form to ours: events for the workspace whose agency has the account."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from groundwork.blocks.database import database
from groundwork.blocks.errors import NotStorable
from groundwork.blocks.process_cache import process_cache
from groundwork.events.inbox import NewEvent
from groundwork.events.inbox.storing import check_id
from groundwork.events.nurture.crm import CrmContactChanged
from groundwork.tasks.nurture.crm import workspaces_of

logger = logging.getLogger("uvicorn.error")

MOST_CHANGES = 1_000
"""Of one request."""
AHEAD = timedelta(minutes=5)
"""By how much a change may be in the future; a later one would count for ever."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """A change of a contact, as a CRM tells of it.

    Attributes:
        account: such as ``hubspot:62515``.
        dedupe_id: the same for each time that the CRM tells of it.
        external_id: of the contact there.
        at: when it was, by the CRM's clock.
        changes: new values by property.
        merged_into: id of the contact that it is a part of now.
    """

    account: str
    dedupe_id: str
    external_id: str
    at: datetime
    changes: Mapping[str, str | None]
    deleted: bool = False
    merged_into: str | None = None


def events_of(told: Sequence[Told]) -> list[NewEvent]:
    """The events of changes. Those of accounts that no agency has, and those that cannot be, are left out and logged:
    were they refused, the CRM would send all of them again and again. Asks the database."""
    if not told:
        return []
    with database().transaction() as connection:
        workspaces = workspaces_of(connection, {each.account for each in told})
    events = []
    now = datetime.now(UTC)
    for each in told:
        workspace_id = workspaces.get(each.account)
        if workspace_id is None:
            _warn_of_stranger(each.account)
            continue
        try:
            if each.at > now + AHEAD:
                raise ValueError("it is in the future")
            event = CrmContactChanged(
                workspace_id=workspace_id,
                crm=each.account.partition(":")[0],
                external_id=each.external_id,
                changes=dict(each.changes),
                deleted=each.deleted,
                merged_into=each.merged_into,
                changed_at=each.at,
            )
            events.append(
                NewEvent.of(
                    event,
                    dedupe_id=check_id(each.dedupe_id),
                    occurred_at=min(each.at, now),
                    source=f"webhook of {event.crm}",
                )
            )
        except (ValidationError, NotStorable, ValueError) as error:
            warn_of_malformed(each.account, error)
    return events


def warn_of_malformed(account: str, error: Exception) -> None:
    """Log that a change was left out, without what it says."""
    if isinstance(error, ValidationError):
        reason = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in error.errors()[:5])
    else:
        reason = type(error).__name__
    logger.warning("a webhook of %s: a change was left out, which cannot be: %s", account, reason)


@process_cache
def _warn_of_stranger(account: str) -> None:
    logger.warning(
        "webhooks of %s are left out: no agency has this account. Set crm_account of its agency, or take the app out "
        "of the account. This is said once.",
        account,
    )


def strings(value: Any) -> str | None:
    """A value of JSON as text; None for null and for what is no plain value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
