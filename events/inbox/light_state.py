"""What an attempt of a light run has beside its delivery: what its steps have done, and who writes that down."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

from groundwork.blocks.errors import StaleAttempt
from groundwork.events.inbox.group_writer import Execution, GroupWriter
from groundwork.events.inbox.outcomes import Outcome

MOST_SIDE_BY_SIDE = 16
"""Steps that one light run does at once, of those that it has submitted."""


class LightState:
    """That of one attempt. Its steps may run in several threads.

    Args:
        writer: of the process.
        claim: the delivery, or the first of a batch, and the number of the attempt.
        now: the database's clock, as it was just now.
        results: of steps that earlier attempts have finished, by what names the work; None: in the blob store.

    Attributes:
        lost: whether the delivery is known to be another attempt's, or to have been cancelled.
        first_step_at: when the first step began; None before.
    """

    def __init__(
        self, writer: GroupWriter, claim: tuple[UUID, int], now: datetime, results: dict[str, str | None]
    ) -> None:
        self._writer = writer
        self._claim = claim
        self._now, self._clock = now, time.monotonic()
        self._results = results
        self._pending: list[Execution] = []
        self._number = 0
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None
        self.lost = False
        self.first_step_at: datetime | None = None

    def now(self) -> datetime:
        """The database's clock, about: as it was when the delivery was claimed, and the time since."""
        return self._now + timedelta(seconds=time.monotonic() - self._clock)

    def begin_step(self) -> None:
        """Take note that a step begins.

        Raises:
            StaleAttempt: the delivery is known to be another attempt's.
        """
        if self.lost:
            delivery_id, attempt = self._claim
            raise StaleAttempt(f"delivery {delivery_id}: attempt {attempt} has lost its lease")
        if self.first_step_at is None:
            self.first_step_at = self.now()

    def result_of(self, work: str) -> tuple[bool, str | None]:
        """Whether a piece of work is done, by this attempt or an earlier one, and its result, as its serializer writes
        it; None where that lies in the blob store."""
        with self._lock:
            return work in self._results, self._results.get(work)

    def note(
        self,
        step: str,
        work: str | None,
        began_at: datetime,
        tries: int,
        *,
        error: str | None = None,
        result: str | None = None,
    ) -> None:
        """Take note of what a step has done. It is written when the next one begins, at the latest."""
        with self._lock:
            self._number += 1
            self._pending.append(Execution(self._number, step, work, began_at, self.now(), tries, error, result))
            if work is not None and error is None:
                self._results[work] = result

    def flush(self) -> "Future[None] | None":
        """Write what has been noted and is not written yet.

        Returns:
            Ends when it is committed, as StaleAttempt where another attempt has the delivery; None where there is
            nothing to write.
        """
        pending = self._taken()
        return self._writer.keep(self._claim, pending) if pending else None

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """End the attempt, with all that is not written yet, and wait until it is committed.

        Raises:
            StaleAttempt: another attempt has the delivery.
        """
        pending = self._taken()
        try:
            self._writer.settle(self._claim, pending, outcomes, self.first_step_at).result()
        except StaleAttempt:
            raise
        except Exception:
            # What it ends with may be written in another form.
            with self._lock:
                self._pending[:0] = pending
            raise

    def side_by_side(self, work: Callable[[], object]) -> "Future[object]":
        """Do something in a thread of this attempt's."""
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(MOST_SIDE_BY_SIDE, thread_name_prefix="light-step")
            return self._threads.submit(work)

    def close(self) -> None:
        """Let its threads end."""
        if self._threads is not None:
            self._threads.shutdown(wait=False)

    def _taken(self) -> list[Execution]:
        with self._lock:
            pending, self._pending = self._pending, []
        return pending
