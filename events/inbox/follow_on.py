"""Ids for events that a job sends without a transaction of its own. A repeated step sends none twice."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groundwork.events.base import Event
from groundwork.events.inbox.current import current_attempt

if TYPE_CHECKING:
    from groundwork.events.inbox.attempt import Attempt


@dataclass
class _Place:
    """One try of a step, or one run of a job's body, and how often it has sent the same thing so far."""

    attempt: "Attempt"
    step: str
    sent: Counter[str] = field(default_factory=Counter)


_place: ContextVar[_Place | None] = ContextVar("follow_on", default=None)


@contextmanager
def sending_from(attempt: "Attempt", step: str) -> Iterator[None]:
    """Count what is sent within the block as that of one try of a step.

    Args:
        attempt: the current one.
        step: names the step and its inputs; the same at every try, and in every attempt.
    """
    mark = _place.set(_Place(attempt, step))
    try:
        yield
    finally:
        _place.reset(mark)


def follow_on_id(event: Event) -> str | None:
    """A dedupe id for an event that the running job sends; None where no job is running.

    Made of the delivery, the step with its inputs, the event's content, and how many with that content the step has
    sent before. So a step that is tried again, or a job that is run again, sends an event once, and one whose content
    has changed meanwhile is another event and is not lost.
    """
    attempt = current_attempt()
    if attempt is None:
        return None
    place = _place.get()
    if place is None or place.attempt is not attempt:
        place = _Place(attempt, "body")
        _place.set(place)
    content = json.dumps([event.event_name, event.wire()], sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()
    place.sent[digest] += 1
    return f"{attempt.delivery_id}:{place.step}:{digest}:{place.sent[digest]}"
