"""What a job may say of when its deliveries run: the options of ``@job`` that the inbox decides by.

Each is kept with the job in the inbox (``groundwork.job.flow_control``), which alone decides: no worker has to be up
for it, and a restart forgets nothing. ``docs/flow-control.md`` has a runnable example of each. Names and meanings
follow Inngest's, so that a job moves over as it is.
"""

from dataclasses import dataclass
from typing import Any

from groundwork.events.base import Event
from groundwork.flows.contradictions import check
from groundwork.flows.flow_document import document
from groundwork.flows.flow_options import Batch, CancelOn, Debounce, Idempotency, Singleton
from groundwork.flows.limits import UNLIMITED, Lane, Pool, Priority, RateLimit, Throttle

__all__ = [
    "Batch",
    "CancelOn",
    "Debounce",
    "FlowControl",
    "Idempotency",
    "Lane",
    "Pool",
    "Priority",
    "RateLimit",
    "Singleton",
    "Throttle",
]


@dataclass(frozen=True, kw_only=True)
class FlowControl:
    """Those of a job's options that say when its deliveries run. Where several limits hold, the strictest wins.

    Attributes:
        lane: runs at once in one workspace; a :class:`Lane` with a key for each value of a field; or several, as
            ``(5, Lane(1, key="account_id"))``. A keyed one alone leaves the workspace's lane without a limit. Too low:
            a workspace waits for itself. Too high: it can fill the workers.
        pool: limits that the job shares with others, one or several.
        priority_field: field of the event that says what goes first within its workspace, or a :class:`Priority`.
        batch, debounce, throttle, rate_limit, idempotency, singleton: see the classes. None: the job does without.
        cancel_on: see :class:`CancelOn`; several by a tuple, of which each cancels.
        keeps_place: a delivery whose job waits keeps its place in the lane, and in the job's other limits. Risk: a lane
            stands still for as long as what fills it waits.
        expires: seconds after which a delivery that has not started is dropped, visibly. None: never.
    """

    lane: int | Lane | tuple[int | Lane, ...] = 1
    pool: Pool | tuple[Pool, ...] = ()
    priority_field: str | Priority | None = None
    batch: Batch | None = None
    debounce: Debounce | None = None
    throttle: Throttle | None = None
    rate_limit: RateLimit | None = None
    keeps_place: bool = False
    expires: float | None = None
    idempotency: Idempotency | None = None
    singleton: Singleton | None = None
    cancel_on: CancelOn | tuple[CancelOn, ...] | None = None

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The limits that ``lane`` says."""
        said = self.lane if isinstance(self.lane, tuple) else (self.lane,)
        return tuple(each if isinstance(each, Lane) else Lane(each) for each in said)

    @property
    def lane_limit(self) -> int:
        """Runs at once in one workspace."""
        return min((each.limit for each in self.lanes if each.key is None), default=UNLIMITED)

    @property
    def pools(self) -> tuple[Pool, ...]:
        """The limits that are shared with other jobs."""
        return self.pool if isinstance(self.pool, tuple) else (self.pool,)

    @property
    def cancelled_by(self) -> tuple[CancelOn, ...]:
        """The events that cancel."""
        return (self.cancel_on,) if isinstance(self.cancel_on, CancelOn) else self.cancel_on or ()

    @property
    def priority_by(self) -> Priority | None:
        """What a field says of the turn."""
        return Priority(self.priority_field) if isinstance(self.priority_field, str) else self.priority_field

    def check(self, on: type[Event]) -> None:
        """Refuse options that contradict each other or name fields that the event does not have.

        Raises:
            ConfigurationError: says which option, and what to do.
        """
        check(self, on)

    def document(self, on: type[Event]) -> dict[str, Any]:
        """What ``groundwork.job.flow_control`` holds, for the inbox's statements. Keys are fields of the wire form."""
        return document(self, on)
