"""Ids for events that a job sends without a transaction of its own. A repeated step sends none twice."""

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groundwork.blocks.database import database
from groundwork.events.base import Event
from groundwork.events.inbox.current import current_attempt
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.under_way import refuse_threads_of_jobs

if TYPE_CHECKING:
    from groundwork.events.inbox.attempt import Attempt

_statement = statements_of(__file__)


@dataclass
class _Place:
    """One try of a step, or one run of a job's body, and how often it has sent the same thing so far."""

    attempt: "Attempt"
    step: str
    old_step: str | None = None
    sent: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def number(self, digest: str) -> int:
        """Count one more of the same. Threads and tasks of one try share its place."""
        with self._lock:
            self.sent[digest] += 1
            return self.sent[digest]


BODY = "body"
"""What a job sends outside of steps."""

_place: ContextVar[_Place | None] = ContextVar("follow_on", default=None)


@contextmanager
def sending_from(attempt: "Attempt", step: str, old_step: str | None = None) -> Iterator[None]:
    """Count what is sent within the block as that of one try of a step, or of one run of a job's body.

    Args:
        attempt: the current one.
        step: names the step and its inputs, or is :data:`BODY`; the same at every try, and in every attempt.
        old_step: what named them in releases in which steps went by their short names.
    """
    mark = _place.set(_Place(attempt, step, old_step))
    try:
        yield
    finally:
        _place.reset(mark)


def follow_on_id(event: Event) -> str | None:
    """A dedupe id for an event that the running job sends; None where no job is running.

    Made of the delivery, the step with its inputs, the event's content, and how many with that content the step has
    sent before. So a step that is tried again, or a job that is run again, sends an event once, and one whose content
    has changed meanwhile is another event and is not lost.

    Raises:
        ConfigurationError: a thread sends that does not know of the job which runs in this process.
    """
    attempt = current_attempt()
    if attempt is None:
        refuse_threads_of_jobs(f"send({type(event).__name__}(…))")
        return None
    place = _place.get()
    if place is None or place.attempt is not attempt:
        place = _Place(attempt, BODY)
        _place.set(place)
    content = json.dumps([event.event_name, event.wire()], sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()
    end = f"{digest}:{place.number(digest)}"
    if place.old_step is not None and attempt.token > 1:
        # An attempt before a deploy has sent it under the id of that release, which stays the event's id.
        old = f"{attempt.delivery_id}:{place.old_step}:{end}"
        if _was_sent(event, old):
            return old
    return f"{attempt.delivery_id}:{place.step}:{end}"


def _was_sent(event: Event, dedupe_id: str) -> bool:
    key = {"workspace_id": event.workspace_id, "name": event.event_name, "dedupe_id": dedupe_id}
    with database().transaction() as connection:
        return bool(connection.execute(_statement("was_sent"), key).scalar())
