"""What the light runs of a process write, written together: one transaction for all that asked while the one before it
was under way, each under the fence of its own attempt."""

import json
import logging
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from groundwork.blocks.database import database
from groundwork.blocks.errors import StaleAttempt
from groundwork.blocks.retry import database_went_away, while_database_restarts
from groundwork.blocks.schema.states import DeliveryState
from groundwork.blocks.settings import settings
from groundwork.events.inbox.failures import record_failures
from groundwork.events.inbox.holder import holder
from groundwork.events.inbox.outcomes import Outcome
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.wake import wake_relay

_statement = statements_of(__file__)

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 256
"""Requests of one transaction."""
LARGEST_GROUP = 4_000_000
"""Characters of one transaction, about: a larger request is written by itself."""


Fence = tuple[UUID, int]
"""A delivery, and the number of an attempt at it."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What a step did.

    Attributes:
        number: in the order in which the steps of an attempt ended.
        step: its short name.
        work: names the step and its inputs; None where its result is not kept.
        error: why it failed; None where it has not.
        result: as the step's serializer writes it; None where it lies in the blob store, or is not kept.
    """

    number: int
    step: str
    work: str | None
    began_at: datetime
    ended_at: datetime
    tries: int
    error: str | None = None
    result: str | None = None


@dataclass(slots=True)
class _Request:
    """One attempt's: executions to be kept, and perhaps its end."""

    delivery_id: UUID
    attempt: int
    executions: Sequence[Execution]
    outcomes: Sequence[Outcome] = ()
    first_step_at: datetime | None = None
    written: "Future[None]" = field(default_factory=Future)

    @property
    def fence(self) -> tuple[UUID, int]:
        return self.delivery_id, self.attempt

    @property
    def size(self) -> int:
        return sum(len(each.result or "") for each in self.executions) + sum(
            len(each.document) for each in self.outcomes
        )

    @property
    def records(self) -> list[dict[str, Any]]:
        own = {"delivery_id": str(self.delivery_id), "attempt": self.attempt}
        return [
            own
            | {
                "number": each.number,
                "step": each.step,
                "work": each.work,
                "began_at": each.began_at.isoformat(),
                "ended_at": each.ended_at.isoformat(),
                "tries": each.tries,
                "error": each.error,
                "result": each.result,
            }
            for each in self.executions
        ]

    @property
    def ends(self) -> list[str]:
        """The outcomes as JSON, each with the attempt."""
        first_step_at = self.first_step_at.isoformat() if self.first_step_at else None
        own = json.dumps({"attempt": self.attempt, "first_step_at": first_step_at})
        return [f"{own[:-1]}, {each.document[1:]}" for each in self.outcomes]


class GroupWriter:
    """Writes for the light runs of this process, by a thread of its own."""

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="group-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what was asked for so far, and end."""
        self._requests.put(None)
        self._thread.join()

    def keep(self, fence: Fence, executions: Sequence[Execution]) -> "Future[None]":
        """Keep what steps have done.

        Args:
            fence: the delivery, or the first of a batch, and the number of the attempt.

        Returns:
            Ends when it is committed; as StaleAttempt where a later attempt has the delivery.
        """
        request = _Request(*fence, executions)
        self._requests.put(request)
        return request.written

    def settle(
        self,
        fence: Fence,
        executions: Sequence[Execution],
        outcomes: Sequence[Outcome],
        first_step_at: datetime | None,
    ) -> "Future[None]":
        """End an attempt, and keep what its last steps have done.

        Args:
            fence: the delivery, or the first of a batch, and the number of the attempt.
            first_step_at: None where the attempt had no step.

        Returns:
            Ends when it is committed; as StaleAttempt where a later attempt has the delivery.
        """
        request = _Request(*fence, executions, outcomes, first_step_at)
        self._requests.put(request)
        return request.written

    def _serve(self) -> None:
        ended = False
        while not ended:
            group, size = [], 0
            try:
                request = self._requests.get()
                while request is not None:
                    group.append(request)
                    size += request.size
                    if len(group) >= MOST_AT_ONCE or size >= LARGEST_GROUP:
                        break
                    request = self._requests.get_nowait()
                ended = request is None
            except queue.Empty:
                pass
            if group:
                self._write(group)

    def _write(self, group: list[_Request]) -> None:
        try:
            stale = _written(group)
        except Exception as error:
            if len(group) > 1 and isinstance(error, DBAPIError) and not database_went_away(error):
                # Whose fault it is is found out one by one: the others are not to suffer for it.
                for each in group:
                    self._write([each])
                return
            for each in group:
                each.written.set_exception(error)
            return
        for each in group:
            if each.fence in stale:
                each.written.set_exception(
                    StaleAttempt(
                        f"delivery {each.delivery_id}: attempt {each.attempt} may not write, a later one has it"
                    )
                )
            else:
                each.written.set_result(None)


def _written(group: Sequence[_Request]) -> set[Fence]:
    """Write all of it in one transaction; the attempts that are stale."""
    stale: set[Fence] = set()
    for trial in while_database_restarts(settings().lease_seconds):
        with trial, database().transaction() as connection:
            stale = _write_in(connection, group)
    return stale


def _write_in(connection: Connection, group: Sequence[_Request]) -> set[Fence]:
    fences = {each.fence for each in group}
    held = {"delivery_ids": [id for id, _ in fences], "attempts": [attempt for _, attempt in fences]}
    live = {(row.id, row.attempt) for row in connection.execute(_statement("hold_fences"), held)}
    writing = [each for each in group if each.fence in live]
    if records := [record for each in writing for record in each.records]:
        connection.execute(_statement("keep_steps"), {"records": json.dumps(records)})
    if ending := [each for each in writing if each.outcomes]:
        document = f"[{','.join(end for each in ending for end in each.ends)}]"
        ended = set(connection.execute(_statement("settle_many"), {"outcomes": document}).scalars())
        if failed := [id for id in _failed(ending) if id in ended]:
            record_failures(connection, failed)
        wake_relay(connection)
    return {each.fence for each in group if each.fence not in live and not _has_ended(connection, each)}


def _failed(ending: Sequence[_Request]) -> list[UUID]:
    return [each.delivery_id for request in ending for each in request.outcomes if each.state == DeliveryState.FAILED]


def _has_ended(connection: Connection, request: _Request) -> bool:
    """Whether this attempt has ended so already: its COMMIT went through, and only the answer was lost."""
    if not request.outcomes:
        return False
    state = next(each.state for each in request.outcomes if each.delivery_id == request.delivery_id)
    found = holder(connection, request.delivery_id)
    return found is not None and (found.attempt, found.state) == (request.attempt, state)
