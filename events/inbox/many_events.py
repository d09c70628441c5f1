"""Many events at once, such as one per row of a file: a few statements in one transaction, all of them or none."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from groundwork.blocks.errors import ConfigurationError, NotStorable
from groundwork.events.base import Event
from groundwork.events.inbox.accept import NewEvent, accept, sending
from groundwork.events.inbox.follow_on import follow_on_id
from groundwork.events.inbox.storing import check_id, storing

MOST_EVENTS = 100_000
"""Events of one call. More: a transaction of minutes, whose deliveries all begin to wait at its end."""
MOST_CHARACTERS = 100_000_000
"""Characters of their data as JSON, which bounds the memory of the caller and of PostgreSQL."""
EVENTS_AT_ONCE, _CHARACTERS_AT_ONCE = 5_000, 10_000_000
"""Of one statement."""


def send_many(
    events: Iterable[Event],
    session: Session | Connection | None = None,
    *,
    dedupe_ids: Sequence[str] | None = None,
    occurred_at: datetime | None = None,
    source: str = "application",
) -> list[UUID]:
    """Send many events from Python, in their order. All of them are sent or none.

    Args:
        events: typed events, already validated; at most 100,000, with at most 100 million characters of data.
        session: the caller's transaction, as of :func:`~groundwork.events.inbox.accept.send`.
        dedupe_ids: one for each event, as of ``send``. Default within a job, without a session: made as ``send`` makes
            them, so that a step that is tried again sends each event once.
        occurred_at: when they happened; in the future, their jobs start then.
        source: name of the sender, for people.

    Returns:
        The ids of the events, in order; of the first, where one is a duplicate.

    Raises:
        ConfigurationError: there are not as many ids as events.
        NotStorable: there are too many, or one cannot be stored: the message has its number, from 0, and the field.
        ChainTooLong, StaleAttempt: see ``send``.
    """
    new: list[NewEvent] = []
    sizes: list[int] = []
    characters = 0
    for number, event in enumerate(events):
        if number == MOST_EVENTS:
            raise NotStorable(f"send_many() takes {MOST_EVENTS:,} events at once; send these in several calls")
        try:
            one = NewEvent.of(event, occurred_at=occurred_at, source=source)
        except NotStorable as error:
            raise NotStorable(f"event {number:,} of send_many(): {error}") from None
        if dedupe_ids is None and session is None and (follow_on := follow_on_id(event)):
            one = replace(one, dedupe_id=follow_on)
        new.append(one)
        sizes.append(len(json.dumps(one.data)))
        characters += sizes[-1]
        if characters > MOST_CHARACTERS:
            raise NotStorable(
                f"send_many() takes {MOST_CHARACTERS:,} characters of data at once, and the first {len(new):,} events "
                f"have {characters:,}. Send them in several calls, or put what is large into the blob store."
            )
    if dedupe_ids is not None:
        new = _with_ids(new, dedupe_ids)
    with storing(f"these {len(new):,} events"), sending(session) as connection:
        return [accepted.id for group in _groups(new, sizes) for accepted in accept(connection, group)]


def _with_ids(events: Sequence[NewEvent], dedupe_ids: Sequence[str]) -> list[NewEvent]:
    if len(dedupe_ids) != len(events):
        raise ConfigurationError(f"send_many() has {len(events):,} events and {len(dedupe_ids):,} dedupe_ids")
    return [replace(each, dedupe_id=check_id(id)) for each, id in zip(events, dedupe_ids, strict=True)]


def _groups(events: Sequence[NewEvent], sizes: Sequence[int]) -> Iterator[list[NewEvent]]:
    """The events in order, as many at once as one statement takes."""
    group: list[NewEvent] = []
    characters = 0
    for event, size in zip(events, sizes, strict=True):
        if group and (len(group) == EVENTS_AT_ONCE or characters + size > _CHARACTERS_AT_ONCE):
            yield group
            group, characters = [], 0
        group.append(event)
        characters += size
    if group:
        yield group
