"""What became of one job's delivery of one event."""

from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from groundwork.events.base import Event
from groundwork.events.inbox.rehearsal import KnownDelivery
from groundwork.events.misfit import Misfit, read_event


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a delivery ended.

    Attributes:
        event: typed; a Misfit where what is stored does not fit its type.
        state: done, failed or cancelled; scheduled or queued of a job that waits.
        result: what the job returned, as JSON keeps it.
        last_error: class and message of the error, as the dead letter has it; or why it was cancelled.
        attempts: runs that claimed it. A step that is tried again is tried within one.
        waiting_for: what the job waits for, in words: the name of the wait, and event or job.
        exception: the error itself, with its traceback, where the job raised one in this process.
    """

    job: str
    event: Event | Misfit
    state: str
    result: Any
    last_error: str | None
    attempts: int
    event_id: UUID = field(repr=False)
    delivery_id: UUID = field(repr=False)
    waiting_for: str | None = None
    exception: BaseException | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, delivery: KnownDelivery, exception: BaseException | None = None) -> Self:
        """The outcome of a delivery that has ended.

        Args:
            exception: what its run raised.
        """
        return cls(
            job=delivery.job,
            event=read_event(delivery.event_name, delivery.data, delivery.workspace_id),
            state=str(delivery.state),
            result=delivery.result,
            last_error=delivery.last_error,
            attempts=delivery.attempt,
            event_id=delivery.event_id,
            delivery_id=delivery.id,
            waiting_for=delivery.waiting_for,
            exception=exception if delivery.state == "failed" else None,
        )
