"""Which jobs there are, and what the inbox has to know of each."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from groundwork.blocks.applications import applications
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.place import is_same_definition, place_of
from groundwork.blocks.plain_function import require_plain_result
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.settings import settings
from groundwork.events.base import Event
from groundwork.events.inbox import Attempt
from groundwork.events.inbox.jobs import Registration
from groundwork.flows.flow_control import FlowControl

logger = logging.getLogger(__name__)

OnFailure = Callable[[Any, BaseException], None]


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """What the inbox has to know of a job in order to deliver to it.

    Attributes:
        lane: runs at once in one workspace. Too low: a workspace waits for itself. Too high: it can fill the workers.
        priority: higher goes first where workers are short. Risk: nothing below runs while there is enough above.
        interactive: somebody is waiting; may use the capacity that bulk work is kept out of.
        ordered: a lane's deliveries run one after another in order of acceptance, and one that waits for its next
            attempt keeps those behind it waiting. Risk: a lane stands still behind a hopeless delivery.
        max_attempts: runs a delivery may use up before it is a dead letter; None for what GROUNDWORK_MAX_ATTEMPTS says
            where the job is registered.
        flow_control: batch, debounce, throttle and the others.
        on_failure: called with the event and the error when the job has finally failed; for each event of a batch.
        body: the function.
    """

    name: str
    on: type[Event]
    lane: int
    priority: int
    interactive: bool
    ordered: bool
    max_attempts: int | None
    flow_control: FlowControl
    on_failure: OnFailure | None
    body: Callable[..., Any]

    @property
    def entrypoint(self) -> str:
        """Module and function, as a deployment names them."""
        return f"{self.body.__module__}.{self.body.__name__}"

    @property
    def registration(self) -> Registration:
        """What the inbox keeps of it."""
        batch = self.flow_control.batch
        return Registration(
            name=self.name,
            event_name=self.on.event_name,
            lane_limit=self.lane,
            priority=self.priority,
            interactive=self.interactive,
            ordered=self.ordered,
            max_attempts=settings().max_attempts if self.max_attempts is None else self.max_attempts,
            batch_size=batch.size if batch else 1,
            batch_wait_seconds=batch.wait if batch else 0.0,
            flow_control=self.flow_control.document(self.on),
        )


_jobs: dict[str, JobSpec] = {}


def register(spec: JobSpec) -> None:
    """Make a job known.

    Raises:
        ConfigurationError: another one has its name; the message names both places.
    """
    other = _jobs.get(spec.name)
    if other is not None and not is_same_definition(other.body, spec.body):
        raise ConfigurationError(
            f"two jobs are named {spec.name}: {place_of(other.body)} and {place_of(spec.body)}; rename one"
        )
    _jobs[spec.name] = spec


def jobs() -> dict[str, JobSpec]:
    """Every job of every application, by name.

    Raises:
        ConfigurationError: an application cannot be imported, or two jobs have one name.
    """
    _load()
    return dict(_jobs)


@process_cache
def _load() -> None:
    for application in applications():
        for _ in application.modules(application.jobs):
            pass


def tell_of_failure(attempt: Attempt, error: BaseException) -> None:
    """Run the job's ``on_failure`` hook for each event of an attempt. Its own errors are only logged."""
    for event in [member.event for member in attempt.members]:
        tell_of_failed_event(attempt, event, error)


def tell_of_failed_event(attempt: Attempt, event: Event, error: BaseException) -> None:
    """Run the job's ``on_failure`` hook for one event of an attempt. Its own errors are only logged."""
    spec = _jobs.get(attempt.job) or jobs().get(attempt.job)
    if spec is None or spec.on_failure is None:
        return
    try:
        with attempt.as_current():
            told: object = spec.on_failure(event, error)
            require_plain_result(told, f"on_failure of job {spec.name}")
    except Exception:
        logger.exception("delivery %s has failed, and so has telling about it", attempt.delivery_id)
