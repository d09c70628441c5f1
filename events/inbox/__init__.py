"""The inbox: the durable, ordered record of every event and of each job's delivery of it.

Follow an event: :func:`send` and :func:`accept` store it, the relay admits its deliveries (``queue.sql``,
``admission.sql``), :func:`claim` starts an attempt, :func:`once` writes a step's effect together with its ledger row,
and :meth:`Attempt.settle` ends it.
"""

from groundwork.events.inbox.accept import Accepted, NewEvent, accept, send
from groundwork.events.inbox.attempt import Attempt
from groundwork.events.inbox.claim import claim
from groundwork.events.inbox.current import current_attempt, running_attempt
from groundwork.events.inbox.ledger import LedgerEntry, after_commit, once, written
from groundwork.events.inbox.many_events import send_many
from groundwork.events.inbox.status import DeliveryStatus, EventStatus, event_status

__all__ = [
    "Accepted",
    "Attempt",
    "DeliveryStatus",
    "EventStatus",
    "LedgerEntry",
    "NewEvent",
    "accept",
    "after_commit",
    "claim",
    "current_attempt",
    "event_status",
    "once",
    "running_attempt",
    "send",
    "send_many",
    "written",
]
