"""The one thread that writes: requests that wait together share one INSERT and one COMMIT."""

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, TimeoutError

from groundwork.blocks.database import database
from groundwork.blocks.outages import Outages
from groundwork.blocks.retry import database_went_away
from groundwork.blocks.verdict import verdict_of
from groundwork.deployments.gateway.accepted_events import AcceptedEvents, events_of_this_request
from groundwork.events.inbox import Accepted, NewEvent, accept
from groundwork.events.inbox.unknown import UnknownEvent, keep_unknown

logger = logging.getLogger(__name__)

GROUP_EVENTS = 1_000
"""Most events of one group, unless a single request has more. Too high: the first of a group waits for the last."""
WAITING_REQUESTS = 1_000
"""Most requests that wait. Too low: 429 in a short burst. Too high: senders time out before their turn comes."""
WAITING_BYTES = 64 * 1024 * 1024
"""Most bytes of request bodies that wait, which bounds the memory of the gateway."""


_outages = Outages(logger)


class QueueFull(Exception):
    """Too many requests wait for the database."""


@dataclass(frozen=True)
class _Request:
    events: Sequence[NewEvent | UnknownEvent]
    size: int
    answer: asyncio.Future[list[Accepted]]
    noted: AcceptedEvents


_Outcome = tuple[_Request, list[Accepted] | BaseException]


class GroupWriter:
    """Stores the events of many requests by group commit.

    The thread takes whatever waits, stores it in one transaction and answers. Alone, a request waits for nobody; under
    load, a group forms while the group before it commits. Make it within a running event loop.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Request] = deque()
        self._waiting_bytes = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="inbox-writer", daemon=True)
        self._thread.start()

    def submit(self, events: Sequence[NewEvent | UnknownEvent], size: int) -> "asyncio.Future[list[Accepted]]":
        """Queue the events of one request.

        Args:
            events: all or none of them will be stored.
            size: bytes of the request's body.

        Returns:
            A future of one entry per event, done once they are committed; it fails with SQLAlchemy's error.

        Raises:
            QueueFull: nothing was queued.
        """
        answer = self._loop.create_future()
        with self._changed:
            full = len(self._waiting) >= WAITING_REQUESTS or self._waiting_bytes + size > WAITING_BYTES
            if self._closed or (full and self._waiting):
                raise QueueFull
            self._waiting.append(_Request(events, size, answer, events_of_this_request()))
            self._waiting_bytes += size
            self._changed.notify()
        return answer

    def close(self) -> None:
        """Write what waits, then end. Blocks until then; later submissions are refused."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            outcomes: list[_Outcome]
            try:
                outcomes = _store(group)
            except BaseException as error:
                # Nobody else writes: this thread goes on whatever happens, and the senders are told to send again.
                logger.exception("a group of requests was not stored")
                outcomes = [(request, error) for request in group]
            # Once the gateway has ended, nobody waits for an answer.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_answer, outcomes)

    def _next_group(self) -> list[_Request]:
        """What waits, oldest first; empty once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            group: list[_Request] = []
            events = 0
            while self._waiting and (not group or events + len(self._waiting[0].events) <= GROUP_EVENTS):
                request = self._waiting.popleft()
                self._waiting_bytes -= request.size
                events += len(request.events)
                group.append(request)
            return group


def _store(group: list[_Request]) -> list[_Outcome]:
    """Store a group in one transaction; where that fails through one of its requests, each half in its own, and so on:
    one bad request costs its neighbours a few commits more, and not one each."""
    try:
        accepted = iter(_commit([event for request in group for event in request.events]))
        _outages.worked("storing events")
        return [(request, [next(accepted) for _ in request.events]) for request in group]
    except Exception as error:
        if _connection_lost(error):
            # Once per outage, not once per request.
            _outages.failed("storing events", error)
            return [(request, error) for request in group]
        if len(group) == 1:
            if verdict_of(error) is None:  # else whoever answers logs it, under the id that the sender is told
                logger.warning("1 request not stored: %s", _reason(error))
            return [(request, error) for request in group]
    half = len(group) // 2
    return _store(group[:half]) + _store(group[half:])


def _commit(events: Sequence[NewEvent | UnknownEvent]) -> list[Accepted]:
    new = [each for each in events if isinstance(each, NewEvent)]
    unknown = [each for each in events if isinstance(each, UnknownEvent)]
    with database().transaction() as connection:
        accepted, kept = iter(accept(connection, new)), iter(keep_unknown(connection, unknown))
    return [next(accepted if isinstance(each, NewEvent) else kept) for each in events]


def _reason(error: Exception) -> str:
    """The error without the statement's parameters, which are people's data."""
    cause = (error.orig if isinstance(error, DBAPIError) else None) or error
    return f"{type(cause).__name__}: {str(cause).partition(chr(10))[0]}"


def _connection_lost(error: Exception) -> bool:
    """Whether the next transaction would fare no better. PostgreSQL's own word on a statement has an SQLSTATE."""
    if isinstance(error, DBAPIError):
        unheard = getattr(error.orig, "sqlstate", None) is None and verdict_of(error) is None
        return database_went_away(error) or unheard
    return isinstance(error, TimeoutError)


def _answer(outcomes: list[_Outcome]) -> None:
    for request, outcome in outcomes:
        if request.answer.done():
            continue
        if isinstance(outcome, BaseException):
            request.answer.set_exception(outcome)
        else:
            request.noted.note([each.workspace_id for each in request.events], outcome)
            request.answer.set_result(outcome)
