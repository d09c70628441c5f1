"""From a message that is proved to events for the inbox, in the workspaces that it is about."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import ValidationError

from groundwork.blocks.database import database
from groundwork.blocks.errors import NotStorable
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.words import printable
from groundwork.events.inbox import NewEvent
from groundwork.events.webhooks.proof import digest_of
from groundwork.events.webhooks.source import Delivery, Malformed, Source, Told, fields_of

logger = logging.getLogger("uvicorn.error")

AHEAD = timedelta(minutes=5)
"""By how much something may have happened in the future, which then counts as now. Later is a misfit."""
_LONGEST_NAME = 100
"""Characters of a provider's name for something, in the log."""


@dataclass
class Reading:
    """What of a message is stored, and how much is not, and why.

    Attributes:
        events: for the inbox.
        unmapped: parts of a kind that means nothing here.
        strangers: parts about an account that nobody here has.
        misfits: for each part that does not fit its event, which field is at fault, without what it holds.
    """

    events: list[NewEvent] = field(default_factory=list)
    unmapped: int = 0
    strangers: int = 0
    misfits: list[str] = field(default_factory=list)


def read(source: Source, delivery: Delivery) -> Reading:
    """The events that a message tells of. Asks the database whose they are.

    Raises:
        Malformed: the message is not as its provider documents.
    """
    found = Reading()
    told: list[Told] = []
    for each in source.read(delivery):
        if isinstance(each, Told):
            told.append(each)
            continue
        if isinstance(each, Malformed):
            _note(found, source, f"a part of it: {each}")
            continue
        found.unmapped += 1
        if not each.expected:
            _tell_once(source.name, each.kind, "messages of the kind %r mean nothing here and are not stored")
    owners = _owners(source, {each.account for each in told})
    for each in told:
        workspaces = owners.get(each.account, ())
        if not workspaces:
            found.strangers += 1
            _tell_once(source.name, each.account, "nobody here has the account %r: what is about it is not stored")
        for workspace in sorted(workspaces):
            try:
                found.events.append(_event(source, each, workspace, delivery.received_at))
            except (ValidationError, NotStorable) as error:
                _note(found, source, f"{each.event.event_name}: {_reason(error)}")
    return found


def _owners(source: Source, accounts: Collection[str]) -> Mapping[str, Collection[str]]:
    if not accounts:
        return {}
    with database().transaction() as connection:
        return source.workspaces.of(connection, accounts)


def _event(source: Source, told: Told, workspace_id: str, received_at: datetime) -> NewEvent:
    at = told.at or received_at
    if at > received_at + AHEAD:
        raise NotStorable("it is in the future")
    return NewEvent.of(
        told.event.model_validate({"workspace_id": workspace_id, **told.values}),
        dedupe_id=f"{source.name}:{digest_of(*told.identity)}",
        occurred_at=min(at, received_at),
        source=f"webhook of {source.name}",
    )


def _note(found: Reading, source: Source, reason: str) -> None:
    logger.warning("a webhook of %s does not fit: %s", source.name, reason)
    found.misfits.append(reason)


def _reason(error: ValidationError | NotStorable) -> str:
    """What does not fit, without what was sent."""
    return fields_of(error) if isinstance(error, ValidationError) else "it cannot be stored, or is in the future"


@process_cache
def _tell_once(source: str, name: str, text: str) -> None:
    """Log a name of a provider's the first time that it comes."""
    shown = printable(name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…")
    logger.warning(f"webhooks of %s: {text}. This is said once.", source, shown)
