"""The options of ``@job``."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.plain_function import require_plain_function
from groundwork.blocks.settings import settings
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.events.base import Event
from groundwork.flows.flow_control import FlowControl
from groundwork.flows.limits import Lane

OnFailure = Callable[[Any, BaseException], Awaitable[None] | None]


@dataclass(frozen=True, kw_only=True)
class JobOptions(FlowControl):
    """What ``@job(…)`` may say. Each option has its default here, or in :class:`FlowControl`.

    Attributes:
        on: the event type that the job listens to.
        priority: higher goes first where workers are short. Risk: nothing below runs while there is enough above.
        interactive: somebody is waiting; may use the capacity that bulk work is kept out of.
        ordered: a lane's deliveries run one after another in order of acceptance, and one that waits for its next
            attempt keeps those behind it waiting. Risk: a lane stands still behind a hopeless delivery.
        light: for small work, of which there is much: its deliveries share a flow run with others, each in a thread,
            and its steps are no task runs of Prefect's. Risk: a body that crashes its process takes with it what ran
            beside it, which is then delivered again.
        work_pool: Prefect's work pool whose workers run it, which prefect.yaml names too. For work that needs another
            machine, a container, or much time: each pool has a capacity of its own. Risk: a pool without a worker keeps
            its jobs waiting.
        timeout: seconds that the body may take in a light run; None for what GROUNDWORK_LIGHT_TIMEOUT_SECONDS says.
            Beyond it its host ends, and what it had not finished is delivered again. Too low: good work is done twice.
        max_attempts: runs a delivery may use up before it is a dead letter; None for what GROUNDWORK_MAX_ATTEMPTS says
            where the job is registered.
        on_failure: called with the event and the error when the job has finally failed; for each event of a batch. It
            may be an ``async def``.
    """

    on: type[Event]
    priority: int = 0
    interactive: bool = False
    ordered: bool = False
    light: bool = False
    work_pool: str = WORK_POOL
    timeout: float | None = None
    max_attempts: int | None = None
    on_failure: OnFailure | None = None

    def __post_init__(self) -> None:
        if not self.on.event_name:
            raise ConfigurationError(f"@job(on={self.on.__name__}): the event type has no name")
        if self.max_attempts is not None and self.max_attempts < 1:
            raise ConfigurationError(f"@job(max_attempts={self.max_attempts}): a delivery has at least one attempt")
        if not isinstance(self.work_pool, str) or not self.work_pool.strip():
            raise ConfigurationError(f"@job(work_pool={self.work_pool!r}): the name of a work pool of Prefect's")
        if self.light and self.work_pool != WORK_POOL:
            raise ConfigurationError(
                f"@job(light=True, work_pool={self.work_pool!r}): light runs share the hosts of the work pool "
                f"{WORK_POOL}; drop one of the two"
            )
        if self.timeout is not None and not self.light:
            raise ConfigurationError(
                f"@job(timeout={self.timeout}): for light jobs only, which share a process; say light=True, or give "
                "its steps a timeout"
            )
        if self.timeout is not None and self.timeout <= 0:
            raise ConfigurationError(f"@job(timeout={self.timeout}): more than 0 seconds")
        if self.on_failure is not None:
            require_plain_function(self.on_failure, "@job(on_failure=…)")
        self.check(self.on)
        if self.ordered and self.lanes != (Lane(1),):
            raise ConfigurationError(
                f"@job(ordered=True, lane={self.lane}): order needs a lane of 1; drop one of the two"
            )
        if self.ordered and self.priority_by:
            raise ConfigurationError(
                "@job(ordered=True, priority_field=…): in order of acceptance or by priority; drop one of the two"
            )

    @property
    def longest_seconds(self) -> float:
        """What the body may take in a light run, as the settings of this process complete it."""
        return settings().light_timeout_seconds if self.timeout is None else self.timeout

    @property
    def attempts(self) -> int:
        """Runs a delivery may use up, as the settings of this process complete it."""
        return settings().max_attempts if self.max_attempts is None else self.max_attempts
